import type { Argv } from 'yargs';
import yargs from 'yargs';
import { ENGINE_NAMES } from '../schema/engine.js';
import { ToolError } from './io.js';
import type { LintOptions } from './lint.js';
import { FORMATS } from './render-report.js';
import type { NormalizeCommandOptions, TransformOptions } from './transform.js';
import { version } from './version.js';

/** What a command line asks for. */
export type Request =
  | { command: 'lint'; options: LintOptions }
  | { command: 'normalize'; options: NormalizeCommandOptions }
  | { command: 'expand'; options: TransformOptions }
  | { command: 'print'; text: string };

const EPILOGUE = 'Exit status: 0 fine, 1 the input has errors, 2 the tool could not do its work.';

/** @throws ToolError at a usage error: one line */
export async function parseArguments(program: string, args: readonly string[]): Promise<Request> {
  let request: Request | undefined;
  const take = (found: Request) => {
    request = found;
  };
  const parser = base(program);
  if (program === 'lint-domain') lintCommand(parser, '$0 [files..]', take);
  else {
    lintCommand(parser, 'lint [files..]', take);
    normalizeArguments(parser, take);
    expandArguments(parser, take);
    parser.demandCommand(1, 'name a command: see --help');
  }
  let printed = '';
  await parser.parseAsync([...args], {}, (error, _, output) => {
    if (error) throw new ToolError(String(error.message ?? error).split('\n', 1)[0] ?? '');
    printed = output;
  });
  if (printed) return { command: 'print', text: `${printed}\n` };
  if (!request) throw new ToolError('name a command: see --help');
  return request;
}

function base(program: string): Argv {
  return yargs()
    .scriptName(program)
    .usage('$0 [options]')
    .locale('en')
    .parserConfiguration({
      'camel-case-expansion': true,
      'parse-positional-numbers': false,
      'duplicate-arguments-array': false,
    })
    .strict()
    .version(version)
    .help()
    .alias('h', 'help')
    .alias('V', 'version')
    .wrap(100)
    .epilogue(EPILOGUE)
    .exitProcess(false)
    .fail((message, error) => {
      throw error instanceof ToolError ? error : new ToolError((message ?? error.message).replace(/\s*\n\s*/g, ': '));
    });
}

const paths = (files: unknown): string[] => (files as string[] | undefined) ?? [];

function schemaOptions<T>(command: Argv<T>) {
  return command
    .option('schemas', {
      type: 'string',
      requiresArg: true,
      describe: "folder of libvirt's schemas (default: $LIBVIRT_SCHEMAS, else where libvirt installs them)",
    })
    .option('engine', {
      choices: ['auto', ...ENGINE_NAMES] as const,
      default: 'auto' as const,
      describe: 'what validates against the schema',
    });
}

function lintCommand(parser: Argv, usage: string, take: (request: Request) => void): void {
  parser.command(
    usage,
    'check domain XML: well-formed, libvirt’s schema with the cpuset attribute, and the rules',
    (command) =>
      schemaOptions(command)
        .positional('files', {
          type: 'string',
          array: true,
          describe: 'files, folders (every .xml below), - for standard input',
        })
        .option('format', { choices: FORMATS, default: 'text' as const, describe: 'form of the report' })
        .option('json', { type: 'boolean', describe: 'the same as --format json' })
        .option('max-warnings', { type: 'number', requiresArg: true, describe: 'fail when there are more' }),
    ({ files, format, json, maxWarnings, schemas, engine }) => {
      if (maxWarnings !== undefined && !(Number.isInteger(maxWarnings) && maxWarnings >= 0)) {
        throw new ToolError('--max-warnings takes a whole number');
      }
      take({
        command: 'lint',
        options: { paths: paths(files), format: json ? 'json' : format, maxWarnings, schemas, engine },
      });
    },
  );
}

function normalizeArguments(parser: Argv, take: (request: Request) => void): void {
  parser.command(
    'normalize [files..]',
    'move cpuset attributes into the metadata, as `virsh define` wants it',
    (command) =>
      schemaOptions(inPlace(command))
        .option('default', {
          choices: ['auto', 'native'] as const,
          requiresArg: true,
          describe: 'what applies to devices that state nothing',
        })
        .option('check', {
          type: 'boolean',
          default: true,
          describe: 'check against the schema (--no-check: skip that)',
        }),
    ({ files, inPlace, default: standard, check, schemas, engine }) =>
      take({
        command: 'normalize',
        options: { paths: paths(files), inPlace: inPlace ?? false, default: standard, check, schemas, engine },
      }),
  );
}

function expandArguments(parser: Argv, take: (request: Request) => void): void {
  parser.command(
    'expand [files..]',
    'move the metadata back into cpuset attributes, for editing',
    (command) => inPlace(command),
    ({ files, inPlace }) => take({ command: 'expand', options: { paths: paths(files), inPlace: inPlace ?? false } }),
  );
}

function inPlace<T>(command: Argv<T>) {
  return command
    .positional('files', {
      type: 'string',
      array: true,
      describe: 'a file, - or nothing for standard input; several with --in-place',
    })
    .option('in-place', { alias: 'i', type: 'boolean', describe: 'rewrite the files instead of printing' });
}
