import type { Argv } from 'yargs';
import yargs from 'yargs';
import { ENGINE_NAMES } from '../schema/engine.js';
import type { EnforceOptions } from './enforce.js';
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
  | { command: 'enforce'; options: EnforceOptions }
  | { command: 'print'; text: string };

const DEFAULTS = ['auto', 'native'] as const;

type Take = (request: Request) => void;

const EPILOGUE = 'Exit status: 0 fine, 1 the input has errors, 2 the tool could not do its work.';
const COMMANDS = 'lint, normalize, expand, plan, enforce or status (see --help)';

const FILES = 'FILE: a file, a folder (every .xml below it), - or nothing for standard input';
const FILE = 'FILE: a file, - or nothing for standard input; with --in-place several files';

const FILES_OR_DOMAINS = 'FILE: a file with domain XML, - or nothing for standard input; or --domain NAME';
const DOMAINS = 'DOMAIN: as virsh names it, nothing for all that run; or a FILE: -, ./a or a.xml';

const ABOUT = {
  lint: 'check domain XML',
  normalize: 'cpuset attributes to metadata, for virsh define',
  expand: 'metadata to cpuset attributes, for people to edit',
  plan: 'what would be written on this host, and why',
  enforce: 'place the interrupts of a domain, once',
  status: 'where each interrupt is, and should be',
};

/** @throws ToolError at a usage error: one line */
export async function parseArguments(program: string, args: readonly string[]): Promise<Request> {
  let request: Request | undefined;
  const take: Take = (found) => {
    request = found;
  };
  const parser = base(program);
  if (program === 'lint-domain') {
    lintCommand(parser, '$0', take);
  } else {
    parser.usage('Usage: $0 COMMAND [options] [FILE...]');
    lintCommand(parser, 'lint', take);
    normalizeCommand(parser, take);
    expandCommand(parser, take);
    enforceCommand(parser, 'plan', take);
    enforceCommand(parser, 'enforce', take);
    enforceCommand(parser, 'status', take);
  }
  let printed = '';
  const { _: words } = await parser.parseAsync([...args], {}, (error, _, output) => {
    if (error) throw error;
    printed = output;
  });
  if (printed) return { command: 'print', text: `${printed}\n` };
  if (request) return request;
  throw new ToolError(words.length > 0 ? `no command ${words[0]}: ${COMMANDS}` : `name a command: ${COMMANDS}`);
}

function base(program: string): Argv {
  return (
    yargs()
      .scriptName(program)
      .locale('en')
      // Files are not declared as positionals: yargs would take the `-` away from among them.
      .parserConfiguration({
        'boolean-negation': false,
        'camel-case-expansion': false,
        'dot-notation': false,
        'parse-positional-numbers': false,
      })
      .strictOptions()
      .middleware(lastOfEach)
      .version(version)
      .help()
      .alias('h', 'help')
      .alias('V', 'version')
      .describe('help', 'show this help')
      .describe('version', 'show the version')
      // Its wrapping cuts words in two: every line is short enough by itself.
      .wrap(null)
      .epilogue(EPILOGUE)
      .exitProcess(false)
      .fail((message, error) => {
        throw error instanceof ToolError ? error : new ToolError(oneSentence(message ?? error.message));
      })
  );
}

/** An option given again replaces itself. (yargs's own setting for that takes files away, too.) */
function lastOfEach(argv: Record<string, unknown>): void {
  for (const [key, value] of Object.entries(argv)) {
    if (Array.isArray(value) && key !== '_' && key !== 'domain' && key !== 'd') argv[key] = value.at(-1);
  }
}

function usage(call: string, about: string, files: string): string {
  return `Usage: ${call} [options] [FILE...]\n\n${about}\n${files}`;
}

/** yargs lays some of its complaints out over several lines. */
function oneSentence(message: string): string {
  return message.replace(/:?\s*\n\s*/g, ': ');
}

function lintCommand(parser: Argv, name: '$0' | 'lint', take: Take): void {
  const call = name === '$0' ? name : `$0 ${name}`;
  if (name === '$0') parser.usage(usage(call, ABOUT.lint, FILES));
  parser.command(
    name,
    name === '$0' ? '' : ABOUT.lint,
    (options) =>
      schemaOptions(name === '$0' ? options : options.usage(usage(call, ABOUT.lint, FILES)).epilogue(EPILOGUE))
        .option('format', { choices: FORMATS, requiresArg: true, describe: 'the report' })
        .option('json', { type: 'boolean', describe: 'the same as --format json' })
        .option('host', { type: 'boolean', describe: 'ask this host, too: CPUs, devices, nodes' })
        .option('root', { type: 'string', requiresArg: true, describe: 'with --host: a tree in its place' })
        .option('max-warnings', { type: 'number', requiresArg: true, describe: 'more warnings are a failure' })
        .example(`${call} guest.xml`, 'one file')
        .example(`${call} --format github domains/`, 'a folder, in a workflow')
        .example(`virsh dumpxml guest | ${call}`, 'a domain that libvirt has'),
    ({ _: words, format, json, host, root, 'max-warnings': maxWarnings, schemas, engine }) => {
      if (root !== undefined && !host) throw new ToolError('--root goes with --host');
      if (maxWarnings !== undefined && !(Number.isInteger(maxWarnings) && maxWarnings >= 0)) {
        throw new ToolError('--max-warnings takes a whole number');
      }
      if (json && format && format !== 'json') throw new ToolError(`--json and --format ${format} exclude each other`);
      const paths = pathsOf(words, name);
      const report = { format: json ? ('json' as const) : format, maxWarnings };
      take({ command: 'lint', options: { paths, ...report, host, root, schemas, engine } });
    },
  );
}

function normalizeCommand(parser: Argv, take: Take): void {
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
    ({ _: words, 'in-place': inPlace, default: standard, 'no-check': noCheck, schemas, engine }) => {
      const paths = pathsOf(words, 'normalize');
      const options = { paths, inPlace: inPlace ?? false, default: standard, check: !noCheck, schemas, engine };
      take({ command: 'normalize', options });
    },
  );
}

function expandCommand(parser: Argv, take: Take): void {
  parser.command(
    'expand',
    ABOUT.expand,
    (options) =>
      inPlace(options)
        .usage(usage('$0 expand', ABOUT.expand, FILE))
        .epilogue(EPILOGUE)
        .example('virsh dumpxml --inactive guest | $0 expand > guest.xml', 'to edit it'),
    ({ _: words, 'in-place': inPlace }) => {
      take({ command: 'expand', options: { paths: pathsOf(words, 'expand'), inPlace: inPlace ?? false } });
    },
  );
}

function enforceCommand(parser: Argv, name: EnforceOptions['command'], take: Take): void {
  const isStatus = name === 'status';
  const usage = `Usage: $0 ${name} [options] ${isStatus ? '[DOMAIN...]' : '[FILE...]'}\n\n${ABOUT[name]}`;
  parser.command(
    name,
    ABOUT[name],
    (options) =>
      options
        .usage(`${usage}\n${isStatus ? DOMAINS : FILES_OR_DOMAINS}`)
        .epilogue('Exit status: 0 fine, 1 something could not be placed, 2 the tool failed.')
        .option('domain', {
          alias: 'd',
          type: 'string',
          array: true,
          requiresArg: true,
          describe: 'a domain of libvirt',
        })
        .option('connect', {
          alias: 'c',
          type: 'string',
          requiresArg: true,
          describe: 'URI of libvirt, as of virsh -c',
        })
        .option('root', { type: 'string', requiresArg: true, describe: 'a tree with /sys, /proc, /run and /etc in it' })
        .option('json', { type: 'boolean', describe: 'a JSON document in place of text' })
        .example(`virsh dumpxml guest | $0 ${name}${isStatus ? ' -' : ''}`, 'any definition'),
    ({ _: words, domain = [], connect, root, json }) => {
      const named = pathsOf(words, name);
      const isFile = (word: string) => !isStatus || word === '-' || /\/|\.xml$/.test(word);
      const domains = [...domain, ...named.filter((word) => !isFile(word))];
      take({
        command: 'enforce',
        options: { command: name, paths: named.filter(isFile), domains, connect, root, json },
      });
    },
  );
}

function schemaOptions<T>(command: Argv<T>) {
  return command
    .option('schemas', {
      type: 'string',
      requiresArg: true,
      describe: "folder of libvirt's schemas ($LIBVIRT_SCHEMAS)",
    })
    .option('engine', { type: 'string', requiresArg: true, describe: `auto, ${ENGINE_NAMES.join(', ')}` });
}

function inPlace<T>(command: Argv<T>) {
  return command.option('in-place', { alias: 'i', type: 'boolean', describe: 'rewrite the files instead of printing' });
}

/** yargs keeps the command itself among the words. */
function pathsOf(words: readonly (string | number)[], command: string): string[] {
  return words.slice(command === '$0' ? 0 : 1).map(String);
}
