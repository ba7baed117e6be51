import { type DeclaredOptions, optionOf } from './declared-options.js';

const NUMBER = /^-?[\d.][\d.eE+-]*$/;

/** Writes what yargs would misread in a form that it does not. */
export function prepareArguments(args: readonly string[], options: DeclaredOptions): string[] {
  const end = args.indexOf('--');
  const before = end < 0 ? args : args.slice(0, end);
  return [...before.flatMap((arg, index) => prepare(arg, before[index + 1], options)), ...args.slice(before.length)];
}

function prepare(arg: string, next: string | undefined, options: DeclaredOptions): string[] {
  const [name, option] = optionOf(arg, options);
  if (option && next !== undefined) {
    // yargs would take a file named true or false as the value of the switch before it
    if (option.type === 'boolean' && /^(?:true|false)$/.test(next)) return [`${arg}=true`];
    // The value is optional: in `--watch guest` the word is a domain's name.
    if (option.type === 'string' && !option.requiresArg && !NUMBER.test(next)) return [`--${name}=`];
  }
  // The value is the rest of the word, as in `-dguest`.
  const [, letter, value] = /^(-[A-Za-z])([^=].*)$/s.exec(arg) ?? [];
  if (letter === undefined || value === undefined || !optionOf(letter, options)[1]?.requiresArg) return [arg];
  return [letter, value];
}
