import { spawnSync } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, readSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';

const SELINUXFS = '/sys/fs/selinux';
const CREATE_LABEL = '/proc/thread-self/attr/fscreate';

/** What has to be asked of SELinux to see whether a program may be started. Contexts are user:role:type[:range]. */
export interface SelinuxPolicy {
  /** the label that the policy wants for a path; undefined where that cannot be found out */
  labelFor(path: string): string | undefined;
  /** the label that a file has, through links */
  labelOf(path: string): string | undefined;
  /** the context of a program with this label, when a process of that context starts it */
  domainOf(process: string, label: string): string | undefined;
  /** the permissions of these that the policy does not give; undefined where the kernel does not answer */
  denied(source: string, target: string, tclass: string, permissions: readonly string[]): string[] | undefined;
  /** the context of process 1, which starts daemons */
  init(): string | undefined;
}

/** Whether SELinux enforces its policy, now or, as configured, after the next boot. `off` is permissive, too. Throws what the system says of a file that is there. */
export function selinuxMode(prefix: string): 'off' | 'enforcing' {
  const configured = readIfThere(join(prefix || '/', 'etc/selinux/config')) ?? '';
  if (/^\s*SELINUX\s*=\s*enforcing\s*$/im.test(configured)) return 'enforcing';
  // what this machine does says nothing about an image
  return prefix === '' && readIfThere(`${SELINUXFS}/enforce`)?.trim() === '1' ? 'enforcing' : 'off';
}

/** The policy that this kernel has loaded, asked by selinuxfs as libselinux does; labels are those that matchpathcon and stat print. */
export const kernelPolicy: SelinuxPolicy = {
  labelFor: (path) => printed('matchpathcon', ['-n', path]),
  labelOf: (path) => printed('stat', ['--dereference', '--format=%C', path]),
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
      const bit = Number(readOr(`${SELINUXFS}/class/${tclass}/perms/${permission}`)?.trim() ?? Number.NaN);
      if (bit >= 1) return ((allowed >>> (bit - 1)) & 1) === 0;
      // one that this policy does not know
      return readOr(`${SELINUXFS}/deny_unknown`)?.trim() !== '0';
    });
  },
  init: () => contextIn(readOr('/proc/1/attr/current')),
};

/**
 * Runs an action whose new files get this label. Throws what the kernel says of the label.
 * The attribute belongs to one thread, and what is synchronous in Node stays in one.
 */
export function createAs<T>(label: string, action: () => T): T {
  writeFileSync(CREATE_LABEL, label, { flag: 'r+' });
  try {
    return action();
  } finally {
    writeFileSync(CREATE_LABEL, '\n', { flag: 'r+' });
  }
}

/** A question to a file of selinuxfs: what is written is answered by the same descriptor. */
function transact(file: string, question: string): string | undefined {
  let descriptor: number | undefined;
  try {
    descriptor = openSync(`${SELINUXFS}/${file}`, 'r+');
    writeSync(descriptor, question);
    const buffer = Buffer.alloc(4096);
    return buffer.toString('utf8', 0, readSync(descriptor, buffer, 0, buffer.length, 0)).replace(/\0.*$/s, '');
  } catch {
    return undefined;
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

function classNumber(name: string): string | undefined {
  return readOr(`${SELINUXFS}/class/${name}/index`)?.trim() || undefined;
}

function readOr(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

/** Throws what the system says of a file that is there. */
function readIfThere(path: string): string | undefined {
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
}

function printed(command: string, words: string[]): string | undefined {
  const { status, stdout } = spawnSync(command, words, { encoding: 'utf8', timeout: 10_000 });
  return status === 0 ? contextIn(stdout) : undefined;
}

/** A context is user:role:type, in MLS and MCS with a range. */
function contextIn(text: string | undefined): string | undefined {
  return /^[^\s:\0]+:[^\s:\0]+:[^\s:\0]+(?::[^\s\0]+)?$/.exec(text?.replace(/[\0\n]+$/, '') ?? '')?.[0];
}
