import type { Argv } from 'yargs';
import { ToolError } from '../../lib/errors.js';
import { FORMATS } from '../lint/render-report.js';
import { EPILOGUE, pathsOf, refuseTogether, schemaOptions, type Take, usage } from './shared.js';

const ABOUT = 'check domain XML';
const FILES = 'FILE: a file or directory (all .xml below it); - or none for standard input';

export function lintCommand(parser: Argv, name: '$0' | 'lint', take: Take): void {
  const call = name === '$0' ? name : `$0 ${name}`;
  if (name === '$0') parser.usage(usage(call, ABOUT, FILES));
  parser.command(
    name,
    name === '$0' ? '' : ABOUT,
    (options) =>
      schemaOptions(name === '$0' ? options : options.usage(usage(call, ABOUT, FILES)).epilogue(EPILOGUE))
        .option('format', { choices: FORMATS, requiresArg: true, describe: 'report type' })
        .option('json', { type: 'boolean', describe: 'same as --format json' })
        .option('host', { type: 'boolean', describe: 'also check against this host (CPUs, devices)' })
        .option('root', {
          type: 'string',
          requiresArg: true,
          describe: 'with --host: use the host below this directory',
        })
        .option('config', {
          type: 'string',
          requiresArg: true,
          describe: 'use FILE, not the nearest .lint-domain.json',
        })
        .option('no-config', { type: 'boolean', describe: 'ignore .lint-domain.json' })
        .option('max-warnings', {
          type: 'string',
          requiresArg: true,
          describe: 'exit 1 if there are more than N warnings',
        })
        .example(`${call} guest.xml`, 'check a file')
        .example(`${call} --format github domains/`, 'check a directory in a workflow')
        .example(`virsh dumpxml guest | ${call}`, 'check a defined domain'),
    ({
      _: words,
      format,
      json,
      host,
      root,
      config,
      'no-config': noConfig,
      'max-warnings': maxWarnings,
      schemas,
      engine,
    }) => {
      if (root !== undefined && !host) throw new ToolError('--root needs --host');
      if (maxWarnings !== undefined && !/^\d+$/.test(maxWarnings)) {
        throw new ToolError('--max-warnings takes a whole number');
      }
      if (json && format !== 'json') refuseTogether('json', { [`format ${format}`]: format });
      if (config !== undefined) refuseTogether('config', { 'no-config': noConfig });
      const paths = pathsOf(words, name);
      const report = {
        format: json ? ('json' as const) : format,
        maxWarnings: maxWarnings === undefined ? undefined : Number(maxWarnings),
      };
      take({ command: 'lint', options: { paths, ...report, host, root, config, noConfig, schemas, engine } });
    },
  );
}
