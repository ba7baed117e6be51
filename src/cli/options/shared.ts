import type { Argv } from 'yargs';
import { ToolError } from '../../lib/errors.js';
import { ENGINE_NAMES } from '../../schema/engine-names.js';
import { DISCOVERIES, type Discovery } from '../discovery-names.js';
import type { Request } from '../request.js';

/** A command's handler passes the parsed request to it. */
export type Take = (request: Request) => void;

export const EPILOGUE = 'Exit status: 0 success, 1 the input has errors, 2 the command failed.';

export function usage(call: string, about: string, files: string): string {
  return `Usage: ${call} [options] [FILE...]\n\n${about}\n${files}`;
}

export function schemaOptions<T>(command: Argv<T>) {
  return command
    .option('schemas', {
      type: 'string',
      requiresArg: true,
      describe: 'directory of libvirt schemas ($LIBVIRT_SCHEMAS)',
    })
    .option('engine', { type: 'string', requiresArg: true, describe: `auto, ${ENGINE_NAMES.join(', ')}` });
}

/** For commands that call libvirt. */
export function connectOption<T>(command: Argv<T>) {
  return command.option('connect', {
    alias: 'c',
    type: 'string',
    requiresArg: true,
    describe: 'hypervisor connection URI',
  });
}

/** For commands that read the host. */
export function hostOptions<T>(command: Argv<T>) {
  return connectOption(command).option('root', {
    type: 'string',
    requiresArg: true,
    describe: 'use /sys, /proc, /run and /etc below DIR',
  });
}

/** Where running domains are looked for. */
export function discoverOption<T>(command: Argv<T>) {
  return command.option('discover', {
    type: 'string',
    requiresArg: true,
    describe: 'find guests by libvirt, proc or libvirt,proc',
  });
}

/** @throws ToolError for any other word */
export function discoveriesOf(text: string | undefined): readonly Discovery[] | undefined {
  if (text === undefined) return undefined;
  const words = text.split(',');
  const isOne = (word: string): word is Discovery => DISCOVERIES.some((one) => one === word);
  const unknown = words.find((word) => !isOne(word));
  if (unknown !== undefined) throw new ToolError(`--discover takes ${DISCOVERIES.join(', ')}: ${unknown}`);
  return words.filter(isOne);
}

/** @throws ToolError if one of the other options is given as well */
export function refuseTogether(option: string, others: Readonly<Record<string, unknown>>): void {
  const [other] = Object.entries(others).find(([, value]) => value !== undefined && value !== false) ?? [];
  if (other !== undefined) throw new ToolError(`--${option} and --${other} cannot be used together`);
}

/** yargs leaves the command's name in `_`. */
export function pathsOf(words: readonly (string | number)[], command: string): string[] {
  return words.slice(command === '$0' ? 0 : 1).map(String);
}

/** For commands that work on domains, or on files. */
export function domainOption<T>(command: Argv<T>) {
  return command.option('domain', {
    alias: 'd',
    type: 'string',
    array: true,
    requiresArg: true,
    describe: 'domain name, ID or UUID',
  });
}

/**
 * A word with a slash, or that ends in .xml, is a file.
 * @param domains of --domain
 */
export function domainsAndFiles(words: readonly string[], domains: readonly string[]) {
  const isFile = (word: string) => word === '-' || /\/|\.xml$/.test(word);
  return { paths: words.filter(isFile), domains: [...domains, ...words.filter((word) => !isFile(word))] };
}
