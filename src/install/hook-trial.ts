import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { createLabelled } from './hook-selinux.js';
import type { ManagedFile } from './managed-file.js';
import { marked } from './marked-file.js';

const SHELL = '/bin/sh';
/** An operation that no libvirt has: the hook has nothing to do. */
const NO_OPERATION = ['hostdev-cpuset-install', 'trial', 'begin', '-'];
/** As libvirt sets it. */
const ENVIRONMENT = {
  LC_ALL: 'C',
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  HOME: '/root',
};
const TRIAL_LIMIT_MS = 10_000;

/** Runs the hook in the folder where it is to be; returns why it cannot be run there, and what to do. Throws what the system says of the folder. */
export function hookFailure(file: ManagedFile): string | undefined {
  return withCopy(file, (copy) => {
    const syntax = failureOf(SHELL, ['-n', copy]);
    if (syntax) return `${SHELL} does not read it (${syntax}); repair ${SHELL}`;
    const failure = failureOf(copy, NO_OPERATION);
    return failure && `a trial of it in ${dirname(file.path)} failed (${failure}); repair that`;
  });
}

/** The copy is in a folder of its own beside its place: libvirt itself may at any moment start what is executable there, but enters no folder. */
function withCopy<T>({ path, mode, text }: ManagedFile, action: (copy: string) => T): T {
  const place = dirname(path);
  const made = mkdirSync(place, { recursive: true });
  try {
    const folder = mkdtempSync(join(place, '.hostdev-cpuset-'));
    try {
      // a hook may look at its own name
      const copy = join(folder, basename(path));
      createLabelled(path, () => writeFileSync(copy, marked(text), { mode: 0o600, flag: 'wx' }));
      chmodSync(copy, mode);
      return action(copy);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  } finally {
    // folders that the trial alone has made
    if (made !== undefined) for (let at = place; at.startsWith(made); at = dirname(at)) rmdirSync(at);
  }
}

/** Why a program does not end at once, with status 0 and in silence. */
function failureOf(command: string, words: string[]): string | undefined {
  const { error, status, signal, stdout, stderr } = spawnSync(command, words, {
    cwd: '/',
    env: ENVIRONMENT,
    encoding: 'utf8',
    input: '',
    timeout: TRIAL_LIMIT_MS,
    killSignal: 'SIGKILL',
  });
  if (error) return (error as NodeJS.ErrnoException).code ?? error.message;
  if (signal) return `ended by ${signal}`;
  const line = stderr.trim().split('\n')[0];
  if (status !== 0) return `exit status ${status}${line ? `: ${line}` : ''}`;
  return stdout === '' ? undefined : 'it prints, which libvirt would take for the XML of a domain';
}
