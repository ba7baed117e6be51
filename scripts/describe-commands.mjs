// Reads the definitions of commands (src/cli/options/) as data, for manual pages and completions.
import { COMMANDS } from '../dist/modules/src/cli/arguments.js';
import { lintCommand } from '../dist/modules/src/cli/options/lint.js';
import { EPILOGUE } from '../dist/modules/src/cli/options/shared.js';
import { ENGINE_NAMES } from '../dist/modules/src/schema/engine-names.js';

/** Options that the parser adds to every command. */
const COMMON = [
  { name: 'help', alias: 'h', type: 'boolean', describe: 'show this help' },
  { name: 'version', alias: 'V', type: 'boolean', describe: 'show the version' },
];

/** Values of options whose definition does not list them: placeholder, and kind or values for completion. */
const VALUES = {
  config: { word: 'FILE', kind: 'file' },
  'control-vectors': { word: 'N', values: [] },
  connect: { word: 'URI', kind: 'uri' },
  discover: { word: 'SOURCES', values: ['libvirt', 'proc', 'libvirt,proc'] },
  domain: { word: 'DOMAIN', kind: 'domain' },
  engine: { word: 'ENGINE', values: ['auto', ...ENGINE_NAMES] },
  html: { word: 'FILE', kind: 'file' },
  'hooks-dir': { word: 'DIR', kind: 'folder' },
  'max-age': { word: 'SECONDS', values: [] },
  'max-warnings': { word: 'N', values: [] },
  metrics: { word: 'FILE', kind: 'file' },
  prefix: { word: 'DIR', kind: 'folder' },
  root: { word: 'DIR', kind: 'folder' },
  sample: { word: 'SECONDS', values: [] },
  schemas: { word: 'DIR', kind: 'folder' },
  vcpus: { word: 'LIST', values: [] },
  watch: { word: 'SECONDS', values: [] },
};

/** The value of an option, undefined if it has none: `values` if they can be listed, else `kind`. */
export function valueFor({ name, type, choices }) {
  if (choices) return { word: 'WORD', values: [...choices] };
  if (type === 'boolean') return undefined;
  if (!(name in VALUES)) throw new Error(`--${name} takes a value: describe-commands.mjs does not know of which kind`);
  return VALUES[name];
}

/** Words that can be completed, by what a synopsis calls them. */
const POSITIONS = { DOMAIN: 'domain', DEVICE: 'device', CPUSET: 'cpuset', FILE: 'file' };

/** The kinds of a command's positional arguments, in their order; undefined if the order is free: see wordsOf(). */
export function positionsOf({ synopsis }) {
  const words = synopsis.split(' ').filter((word) => word in POSITIONS);
  return words.length > 1 ? words.map((word) => POSITIONS[word]) : undefined;
}

/** Positional arguments of a command, in any order: `file` (XML), `domain`, or both. */
export function wordsOf({ synopsis, notes }) {
  const text = [synopsis, ...notes].join(' ');
  return [/\bDOMAIN\b/.test(synopsis) ? 'domain' : [], /\bFILE\b/.test(text) ? 'file' : []].flat();
}

/**
 * @typedef {{name: string, alias?: string, type?: string, choices?: readonly string[], describe: string}} Option
 * @typedef {{name: string, about: string, synopsis: string, notes: string[], options: Option[], examples: string[][],
 *   epilogue: string}} Command
 * `synopsis`: the text after the program's name; `notes`: one line about each positional argument
 */

/** @returns {Command[]} of hostdev-cpuset, in the order of --help */
export function describeCommands() {
  return Object.values(COMMANDS).flatMap((add) => record((parser) => add(parser, () => {}), 'hostdev-cpuset'));
}

/** @returns {Command} */
export function describeLintDomain() {
  const [command] = record((parser) => lintCommand(parser, '$0', () => {}), 'lint-domain');
  return command;
}

/** Calls the definitions with a parser that only records the calls. */
function record(define, program) {
  const commands = [];
  const above = recorder({ usages: [] }, program);
  define(new Proxy(above.parser, {
    get: (target, method) =>
      method === 'command'
        ? (name, about, build) => {
            const { taken, parser } = recorder({ name, about, usages: [...above.taken.usages] }, program);
            build(parser);
            commands.push(finish(taken));
            return target;
          }
        : target[method],
  }));
  return commands;
}

function recorder(start, program) {
  const taken = { options: [], examples: [], epilogue: '', ...start };
  const own = (text) => text.replaceAll('$0', program);
  const methods = {
    option: (name, definition) => taken.options.push({ name, ...definition }),
    options: (all) => taken.options.push(...Object.entries(all).map(([name, definition]) => ({ name, ...definition }))),
    usage: (text) => taken.usages.push(own(text)),
    epilogue: (text) => {
      taken.epilogue = own(text);
    },
    example: (call, about) => taken.examples.push([own(call), about]),
  };
  const parser = new Proxy(
    {},
    {
      get:
        (_, method) =>
        (...args) => {
          if (!(method in methods))
            throw new Error(`a command calls .${String(method)}(): describe-commands.mjs does not know it`);
          methods[method](...args);
          return parser;
        },
    },
  );
  return { taken, parser };
}

/** A usage text is `Usage: program name [options] FILE`, an empty line, a description, and notes. */
function finish({ name, about, usages, options, examples, epilogue }) {
  const [head = '', what = '', ...notes] = (usages.at(-1) ?? '').split('\n').filter(Boolean);
  const synopsis = head.replace(/^Usage: \S+ /, '');
  return {
    name,
    about: about || what,
    synopsis,
    notes,
    options: [...options, ...COMMON],
    examples,
    epilogue: epilogue || EPILOGUE,
  };
}
