import { similar } from '../lib/similar.js';
import type { DeclaredOptions } from './declared-options.js';

/**
 * Rewrites yargs's error message as one line with the option as typed, and the option that was probably meant.
 * @param names of all options, aliases included
 */
export function usageMessage(message: string, args: readonly string[], names: readonly string[]): string {
  const text = message.replace(/:?\s*\n\s*/g, ': ');
  const [, unknown] = /^Unknown arguments?: (.+)$/.exec(text) ?? [];
  if (unknown !== undefined)
    return unknown
      .split(', ')
      .map((name) => unknownOption(name, args, names))
      .join('; ');
  const [, hungry] = /^Not enough arguments following: (.+)$/.exec(text) ?? [];
  if (hungry !== undefined) return `${asTyped(hungry, args)} needs a value`;
  const [, name, given, choices] = /^Invalid values: Argument: ([^,]+), Given: (.*), Choices: (.*)$/.exec(text) ?? [];
  return name === undefined ? text : `${asTyped(name, args)} takes ${choices}, not ${given}`;
}

function unknownOption(name: string, args: readonly string[], names: readonly string[]): string {
  const near = name.length > 1 ? similar(name, names) : undefined;
  const meant = near === undefined ? '' : `: did you mean ${near.length === 1 ? '-' : '--'}${near}?`;
  return `unknown option ${asTyped(name, args)}${meant}`;
}

/** `--schemas`, or `-c` if that was typed. */
function asTyped(name: string, args: readonly string[]): string {
  const long = `--${name}`;
  if (name.length > 1 || args.some((arg) => arg === long || arg.startsWith(`${long}=`))) return long;
  return `-${name}`;
}

/** Our own messages name an option by its long name; if only its letter was typed, the letter. */
export function namesAsTyped(message: string, args: readonly string[], options: DeclaredOptions): string {
  return message.replace(/(?<![\w-])--([a-z-]+)/g, (long, name: string) => {
    const letter = options.get(name)?.alias;
    const isLong = args.some((arg) => arg === long || arg.startsWith(`${long}=`));
    const isLetter = letter !== undefined && args.some((arg) => new RegExp(`^-[A-Za-z]*${letter}`).test(arg));
    return isLetter && !isLong ? `-${letter}` : long;
  });
}
