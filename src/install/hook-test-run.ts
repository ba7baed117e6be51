import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, fchmodSync, mkdirSync, rmdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { writeAtomically } from '../lib/atomic-write.js';
import { errnoOf } from '../lib/errno.js';
import { type OpenFolder, using } from '../lib/open-folder.js';
import { removeTree } from '../lib/remove-tree.js';
import type { Walked } from '../lib/walk.js';
import { createLabelled } from './hook-selinux.js';
import { type ManagedFile, TEMPORARY_PREFIX, withHeader } from './managed-file.js';
import { atPath } from './prefix.js';

const SHELL = '/bin/sh';
/** An operation that libvirt does not have, so that the hook does nothing. */
const NO_OPERATION = ['hostdev-cpuset-install', 'trial', 'begin', '-'];
/** As libvirt sets it. */
const ENVIRONMENT = {
  LC_ALL: 'C',
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  HOME: '/root',
};
const TIME_LIMIT_MS = 10_000;

/**
 * Runs a copy of the hook in the directory where it is to be installed. Returns why it cannot run there, and what to
 * do; undefined if it can.
 * @throws the system's error if the copy cannot be written
 */
export function hookFailure(file: ManagedFile): string | undefined {
  return withCopy(file, (copy) => {
    const syntaxError = failureOf(SHELL, ['-n', copy]);
    if (syntaxError) return `${SHELL} cannot parse it (${syntaxError}); repair ${SHELL}`;
    const failure = failureOf(copy, NO_OPERATION);
    return failure && `a test run in ${dirname(file.path)} failed (${failure}); repair that`;
  });
}

/**
 * The copy gets a directory of its own: libvirt may run any executable in its hook directory, but not in
 * subdirectories.
 */
function withCopy<T>({ path, mode, text }: ManagedFile, action: (copy: string) => T): T {
  const directory = dirname(path);
  const missing = missingDirectories(directory);
  const own = `${TEMPORARY_PREFIX}${randomBytes(12).toString('hex')}`;
  // the hook may use its own name
  const name = basename(path);
  const afterRename = (fd: number) => fchmodSync(fd, mode);
  const write = (folder: OpenFolder) =>
    createLabelled(path, () => writeAtomically(folder, name, withHeader(text), { mode: 0o600, afterRename }));
  const run = ({ folder: parent }: Walked) => {
    parent.in(own, (real) => mkdirSync(real, { mode: 0o700 }));
    try {
      using(parent.enter(own), write);
      return action(join(directory, own, name));
    } finally {
      removeTree(parent, own);
    }
  };
  try {
    return atPath(`${directory}/`, '', run, 0o777);
  } finally {
    for (const path of missing) removeEmptyDirectory(path);
  }
}

/** The missing directories of a path, the deepest first. */
function missingDirectories(directory: string): string[] {
  return existsSync(directory) ? [] : [directory, ...missingDirectories(dirname(directory))];
}

function removeEmptyDirectory(path: string): void {
  try {
    atPath(path, '', ({ folder, name }) => folder.in(name, rmdirSync));
  } catch {
    // it was not created, or is in use now
  }
}

/** Why a program does not exit with status 0 in time and without output; undefined if it does. */
function failureOf(command: string, args: string[]): string | undefined {
  const { error, status, signal, stdout, stderr } = spawnSync(command, args, {
    cwd: '/',
    env: ENVIRONMENT,
    encoding: 'utf8',
    input: '',
    timeout: TIME_LIMIT_MS,
    killSignal: 'SIGKILL',
  });
  if (error) return errnoOf(error);
  if (signal) return `killed by ${signal}`;
  const line = stderr.trim().split('\n')[0];
  if (status !== 0) return `exit status ${status}${line ? `: ${line}` : ''}`;
  return stdout === '' ? undefined : 'it prints, which libvirt would take for the XML of a domain';
}
