import type { Argv } from 'yargs';
import { EPILOGUE, pathsOf, schemaOptions, type Take, usage } from './shared.js';

const ABOUT = {
  normalize: 'cpuset attributes to metadata, for virsh define',
  expand: 'metadata to cpuset attributes, for people to edit',
};
const FILE = 'FILE: a file, - or nothing for standard input; with -i or --check several';
const DEFAULTS = ['auto', 'native'] as const;

export function normalizeCommand(parser: Argv, take: Take): void {
  parser.command(
    'normalize',
    ABOUT.normalize,
    (options) =>
      schemaOptions(inPlace(options))
        .usage(usage('$0 normalize', ABOUT.normalize, FILE))
        .epilogue(EPILOGUE)
        .option('default', { choices: DEFAULTS, requiresArg: true, describe: 'for devices that state nothing' })
        .option('no-check', { type: 'boolean', describe: 'do not ask the schema' })
        .example('$0 normalize guest.xml > define.xml', 'for virsh define'),
    ({ _: words, 'in-place': inPlace, check, default: standard, 'no-check': noCheck, schemas, engine }) => {
      const paths = pathsOf(words, 'normalize');
      const how = { inPlace: inPlace ?? false, check: check ?? false, askSchema: !noCheck };
      take({ command: 'normalize', options: { paths, ...how, default: standard, schemas, engine } });
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
        .example('virsh dumpxml --inactive guest | $0 expand > guest.xml', 'to edit it'),
    ({ _: words, 'in-place': inPlace, check }) => {
      const paths = pathsOf(words, 'expand');
      take({ command: 'expand', options: { paths, inPlace: inPlace ?? false, check: check ?? false } });
    },
  );
}

function inPlace<T>(command: Argv<T>) {
  return command
    .option('in-place', { alias: 'i', type: 'boolean', describe: 'rewrite the files instead of printing' })
    .option('check', { type: 'boolean', describe: 'print the names of files that would change' });
}
