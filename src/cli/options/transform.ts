import type { Argv } from 'yargs';
import { ToolError } from '../../lib/errors.js';
import { EPILOGUE, pathsOf, refuseTogether, schemaOptions, type Take, usage } from './shared.js';

const ABOUT = {
  normalize: 'move cpuset attributes to metadata',
  expand: 'move policies in metadata to attributes',
};
const FILE = 'FILE: domain XML; - or none for standard input; several with -i or --check';
const DEFAULTS = ['auto', 'native'] as const;

export function normalizeCommand(parser: Argv, take: Take): void {
  parser.command(
    'normalize',
    ABOUT.normalize,
    (options) =>
      schemaOptions(inPlace(options))
        .usage(usage('$0 normalize', ABOUT.normalize, FILE))
        .epilogue(EPILOGUE)
        .option('default', { choices: DEFAULTS, requiresArg: true, describe: 'default policy of the domain' })
        .option('no-check', { type: 'boolean', describe: 'skip schema validation' })
        .example('$0 normalize guest.xml > define.xml', 'prepare for virsh define'),
    ({ _: words, 'in-place': inPlace, check, default: standard, 'no-check': noCheck, schemas, engine }) => {
      const paths = pathsOf(words, 'normalize');
      const how = howOf(paths, inPlace, check);
      take({
        command: 'normalize',
        options: { paths, ...how, useSchema: !noCheck, default: standard, schemas, engine },
      });
    },
  );
}

export function expandCommand(parser: Argv, take: Take): void {
  parser.command(
    'expand',
    ABOUT.expand,
    (options) =>
      inPlace(options)
        .usage(usage('$0 expand', ABOUT.expand, FILE))
        .epilogue(EPILOGUE)
        .example('virsh dumpxml --inactive guest | $0 expand', 'for editing'),
    ({ _: words, 'in-place': inPlace, check }) => {
      const paths = pathsOf(words, 'expand');
      take({ command: 'expand', options: { paths, ...howOf(paths, inPlace, check) } });
    },
  );
}

function inPlace<T>(command: Argv<T>) {
  return command
    .option('in-place', { alias: 'i', type: 'boolean', describe: 'edit files in place' })
    .option('check', { type: 'boolean', describe: 'list files that would change' });
}

/** @throws ToolError */
function howOf(paths: readonly string[], inPlace = false, check = false) {
  if (inPlace) refuseTogether('in-place', { check });
  if (paths.length > 1 && !inPlace && !check) throw new ToolError('several files need --in-place or --check');
  if (inPlace && (paths.length === 0 || paths.includes('-'))) throw new ToolError('--in-place needs files');
  return { inPlace, check };
}
