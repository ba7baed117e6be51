import { spawnSync } from 'node:child_process';
import { closeSync, openSync, readFileSync, readSync, writeFileSync, writeSync } from 'node:fs';
import { readBelow } from './prefix.js';

const SELINUXFS = '/sys/fs/selinux';
const COMMAND_TIMEOUT_MS = 10_000;
const CREATE_LABEL = '/proc/thread-self/attr/fscreate';

/** Queries that show whether a program may be run. Contexts are user:role:type[:range]. */
export interface SelinuxPolicy {
  /** the policy's label for a path; undefined if unknown */
  labelFor(path: string): string | undefined;
  /** the label of a file; links are followed */
  labelOf(path: string): string | undefined;
  /** the context of a process after it has executed a program with this label */
  domainOf(process: string, label: string): string | undefined;
  /** the permissions, of these, that the policy denies; undefined if the kernel does not answer */
  denied(source: string, target: string, tclass: string, permissions: readonly string[]): string[] | undefined;
  /** the context of process 1, which starts daemons */
  init(): string | undefined;
}

/**
 * Whether SELinux enforces its policy, now or, as configured, after the next boot. `off` includes permissive. @throws
 * the system's error
 */
export function selinuxMode(prefix: string): 'off' | 'enforcing' {
  const configuration = readBelow('/etc/selinux/config', prefix) ?? '';
  if (/^\s*SELINUX\s*=\s*enforcing\s*$/im.test(configuration)) return 'enforcing';
  // this kernel's mode is irrelevant for an image
  return prefix === '' && readBelow(`${SELINUXFS}/enforce`, '')?.trim() === '1' ? 'enforcing' : 'off';
}

/** The loaded policy, queried through selinuxfs as libselinux does. Labels come from matchpathcon and stat. */
export const kernelPolicy: SelinuxPolicy = {
  labelFor: (path) => outputOf('matchpathcon', ['-n', path]),
  labelOf: (path) => outputOf('stat', ['--dereference', '--format=%C', path]),
  domainOf: (process, label) => {
    const tclass = classNumber('process');
    return tclass && contextIn(transact('create', `${process} ${label} ${tclass}`));
  },
  denied: (source, target, tclass, permissions) => {
    const number = classNumber(tclass);
    // allowed, decided, auditallow, auditdeny: hexadecimal; the sequence number, flags
    const answer = number && transact('access', `${source} ${target} ${number}`);
    const allowed = Number.parseInt(answer?.split(' ')[0] ?? '', 16);
    if (Number.isNaN(allowed)) return undefined;
    return permissions.filter((permission) => {
      const bit = Number(readOrUndefined(`${SELINUXFS}/class/${tclass}/perms/${permission}`)?.trim() ?? Number.NaN);
      if (bit >= 1) return ((allowed >>> (bit - 1)) & 1) === 0;
      // a permission that this policy does not define
      return readOrUndefined(`${SELINUXFS}/deny_unknown`)?.trim() !== '0';
    });
  },
  init: () => contextIn(readOrUndefined('/proc/1/attr/current')),
};

/**
 * Runs a synchronous action whose new files get this label: the attribute belongs to the thread.
 * @throws the system's error if the kernel rejects the label
 */
export function createAs<T>(label: string, action: () => T): T {
  writeFileSync(CREATE_LABEL, label, { flag: 'r+' });
  try {
    return action();
  } finally {
    writeFileSync(CREATE_LABEL, '\n', { flag: 'r+' });
  }
}

/** Writes a query to a file of selinuxfs and reads the answer from the same descriptor. */
function transact(file: string, query: string): string | undefined {
  let descriptor: number | undefined;
  try {
    descriptor = openSync(`${SELINUXFS}/${file}`, 'r+');
    writeSync(descriptor, query);
    const buffer = Buffer.alloc(4096);
    return buffer.toString('utf8', 0, readSync(descriptor, buffer, 0, buffer.length, 0)).replace(/\0.*$/s, '');
  } catch {
    return undefined;
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

function classNumber(name: string): string | undefined {
  return readOrUndefined(`${SELINUXFS}/class/${name}/index`)?.trim() || undefined;
}

function readOrUndefined(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

function outputOf(command: string, args: string[]): string | undefined {
  const { status, stdout } = spawnSync(command, args, { encoding: 'utf8', timeout: COMMAND_TIMEOUT_MS });
  return status === 0 ? contextIn(stdout) : undefined;
}

/** The context in a command's output: user:role:type, with a range in MLS and MCS. */
function contextIn(text: string | undefined): string | undefined {
  return /^[^\s:\0]+:[^\s:\0]+:[^\s:\0]+(?::[^\s\0]+)?$/.exec(text?.replace(/[\0\n]+$/, '') ?? '')?.[0];
}
