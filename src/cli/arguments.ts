import type { Argv } from 'yargs';
import yargs from 'yargs';
import { ToolError } from '../lib/errors.js';
import { similar } from '../lib/similar.js';
import { declaredOptions } from './declared-options.js';
import { defineCommand, editCommand } from './options/define.js';
import { installCommand } from './options/install.js';
import { lintCommand } from './options/lint.js';
import { planCommand } from './options/plan.js';
import { reportCommand } from './options/report.js';
import { attachCommand, setCommand } from './options/set.js';
import { EPILOGUE, type Take } from './options/shared.js';
import { statusCommand } from './options/status.js';
import { expandCommand, normalizeCommand } from './options/transform.js';
import { watchCommand } from './options/watch.js';
import { prepareArguments } from './prepare-arguments.js';
import type { Request } from './request.js';
import { namesAsTyped, usageMessage } from './usage-error.js';
import { version } from './version.js';

type AddCommand = (parser: Argv, take: Take) => void;

/** In the order of --help. scripts/describe-commands.mjs generates manual pages and completions from them. */
export const COMMANDS: Readonly<Record<string, AddCommand>> = {
  lint: (parser, take) => lintCommand(parser, 'lint', take),
  normalize: normalizeCommand,
  expand: expandCommand,
  plan: (parser, take) => planCommand(parser, 'plan', take),
  enforce: (parser, take) => planCommand(parser, 'enforce', take),
  status: statusCommand,
  report: reportCommand,
  watch: watchCommand,
  define: defineCommand,
  edit: editCommand,
  set: (parser, take) => setCommand(parser, 'set', take),
  unset: (parser, take) => setCommand(parser, 'unset', take),
  attach: attachCommand,
  install: (parser, take) => installCommand(parser, 'install', take),
  uninstall: (parser, take) => installCommand(parser, 'uninstall', take),
};

const COMMAND_NAMES = Object.keys(COMMANDS);
const KNOWN = `known: ${COMMAND_NAMES.slice(0, -1).join(', ')} or ${COMMAND_NAMES.at(-1)} (see --help)`;

/** What yargs knows of the options of the command. */
interface YargsOptions {
  key: Record<string, unknown>;
  boolean: readonly string[];
}

const optionsOf = (parser: Argv) => (parser as Argv & { getOptions(): YargsOptions }).getOptions();

/** @throws ToolError for a usage error: one line */
export async function parseArguments(program: string, args: readonly string[]): Promise<Request> {
  let request: Request | undefined;
  const take: Take = (found) => {
    request = found;
  };
  if (program !== 'lint-domain' && args[0] === 'help') return helpOf(program, args[1]);
  const parser = base(program, args);
  const isLintDomain = program === 'lint-domain';
  const lintDomain: AddCommand = (lintParser, takeLint) => lintCommand(lintParser, '$0', takeLint);
  const called = isLintDomain ? lintDomain : COMMANDS[args.find((arg) => COMMAND_NAMES.includes(arg)) ?? ''];
  const options = declaredOptions((recorder) => called?.(recorder, take));
  if (!isLintDomain) parser.usage('Usage: $0 COMMAND [options] [FILE...]');
  for (const add of isLintDomain ? [lintDomain] : Object.values(COMMANDS)) add(parser, take);
  let printed = '';
  const parse = async () =>
    parser.parseAsync(prepareArguments(args, options), {}, (error, _, output) => {
      if (error) throw error;
      printed = output;
    });
  const { _: words } = await parse().catch((error) => {
    throw error instanceof ToolError ? new ToolError(namesAsTyped(error.message, args, options)) : error;
  });
  if (printed) return { command: 'print', text: `${printed}\n` };
  if (request) return request;
  throw new ToolError(words[0] === undefined ? `missing command; ${KNOWN}` : unknownCommand(`${words[0]}`));
}

/** `help COMMAND`, as in git. */
function helpOf(program: string, command: string | undefined): Promise<Request> {
  if (command === undefined || command === 'help' || command.startsWith('-'))
    return parseArguments(program, ['--help']);
  if (!COMMAND_NAMES.includes(command)) throw new ToolError(unknownCommand(command));
  return parseArguments(program, [command, '--help']);
}

function unknownCommand(word: string): string {
  const meant = similar(word, COMMAND_NAMES);
  return `unknown command ${word}${meant === undefined ? `; ${KNOWN}` : `: did you mean ${meant}?`}`;
}

function base(program: string, args: readonly string[]): Argv {
  const parser: Argv = yargs()
    .scriptName(program)
    .locale('en')
    // files are not declared as positionals, because yargs would remove `-`
    .parserConfiguration({
      'boolean-negation': false,
      'camel-case-expansion': false,
      'dot-notation': false,
      'parse-positional-numbers': false,
    })
    .strictOptions()
    .middleware([keepLastValue, rejectEmptyPaths, () => rejectValues(args, parser)])
    .version(version)
    .help()
    .alias('h', 'help')
    .alias('V', 'version')
    .describe('help', 'show this help')
    .describe('version', 'show the version')
    // yargs's wrapping breaks words; all lines are short enough
    .wrap(null)
    .epilogue(EPILOGUE)
    .exitProcess(false)
    .fail((message, error) => {
      if (error instanceof ToolError) throw error;
      throw new ToolError(usageMessage(message ?? error.message, args, Object.keys(optionsOf(parser).key)));
    });
  return parser;
}

/** If an option is repeated, the last value is used. (yargs's setting for that would also drop files.) */
function keepLastValue(argv: Record<string, unknown>): void {
  for (const [key, value] of Object.entries(argv)) {
    if (Array.isArray(value) && key !== '_' && key !== 'domain' && key !== 'd') argv[key] = value.at(-1);
  }
}

/** `--root "$ROOT"` with an empty ROOT is a mistake, and would mean this host. */
function rejectEmptyPaths(argv: Record<string, unknown>): void {
  for (const key of ['root', 'prefix', 'hooks-dir', 'schemas'])
    if (argv[key] === '') throw new ToolError(`--${key} needs a directory`);
  for (const key of ['metrics', 'config']) if (argv[key] === '') throw new ToolError(`--${key} needs a file`);
}

/** yargs reads `--json=1` as false. */
function rejectValues(args: readonly string[], parser: Argv): void {
  const { boolean } = optionsOf(parser);
  const end = args.indexOf('--');
  for (const arg of end < 0 ? args : args.slice(0, end)) {
    const [, typed, name] = /^(--?([^=]+))=/s.exec(arg) ?? [];
    if (name !== undefined && boolean.includes(name)) throw new ToolError(`${typed} takes no value`);
  }
}
