import type { Argv } from 'yargs';
import { ENGINE_NAMES } from '../../schema/engine.js';
import type { Request } from '../request.js';

/** Called by a command's handler with what its command line asks for. */
export type Take = (request: Request) => void;

export const EPILOGUE = 'Exit status: 0 fine, 1 the input has errors, 2 the tool could not do its work.';

export function usage(call: string, about: string, files: string): string {
  return `Usage: ${call} [options] [FILE...]\n\n${about}\n${files}`;
}

export function schemaOptions<T>(command: Argv<T>) {
  return command
    .option('schemas', {
      type: 'string',
      requiresArg: true,
      describe: "folder of libvirt's schemas ($LIBVIRT_SCHEMAS)",
    })
    .option('engine', { type: 'string', requiresArg: true, describe: `auto, ${ENGINE_NAMES.join(', ')}` });
}

/** Of the commands that ask libvirt. */
export function connectOption<T>(command: Argv<T>) {
  return command.option('connect', {
    alias: 'c',
    type: 'string',
    requiresArg: true,
    describe: 'URI of libvirt, as of virsh -c',
  });
}

/** Of the commands that ask a host, too. */
export function hostOptions<T>(command: Argv<T>) {
  return connectOption(command).option('root', {
    type: 'string',
    requiresArg: true,
    describe: 'a tree with /sys, /proc, /run and /etc in it',
  });
}

/** yargs keeps the command itself among the words. */
export function pathsOf(words: readonly (string | number)[], command: string): string[] {
  return words.slice(command === '$0' ? 0 : 1).map(String);
}
