import type { ChildProcess } from 'node:child_process';

export type Environment = Readonly<Record<string, string | undefined>>;

/** The libvirt daemon that virsh connects to. */
export interface VirshConnection {
  /** libvirt's URI; undefined: virsh chooses */
  uri: string | undefined;
  /** environment of virsh, such as PATH and LIBVIRT_DEFAULT_URI */
  env: Environment;
}

/** The result of a virsh process. */
export interface VirshEnd {
  /** the error code if it could not be started, such as ENOENT */
  code?: string | undefined;
  status: number | null;
  /** the time limit after which it was killed; undefined: it was not killed */
  timedOutMs?: number | undefined;
  stderr: string;
}

const MAX_MESSAGE_LENGTH = 500;

export function argumentsOf({ uri }: VirshConnection, args: readonly string[]): string[] {
  return [...(uri === undefined ? [] : [`--connect=${uri}`]), ...args];
}

/** English output in every locale, as it is parsed. */
export const environmentOf = ({ env }: VirshConnection) => ({ ...env, LC_ALL: 'C' });

/** virsh's error messages: first what it could not do, then libvirt's reason. */
export function errorsIn(stderr: string): string[] {
  return Array.from(stderr.matchAll(/^error: (.+)$/gm), ([, text]) => text as string);
}

/** One line that says why virsh failed. */
export function failureOf({ code, status, timedOutMs, stderr }: VirshEnd): string {
  if (code === 'ENOENT') return 'virsh was not found (Debian: libvirt-clients)';
  if (timedOutMs !== undefined) return `virsh did not answer within ${timedOutMs / 1000} s`;
  const reason = errorsIn(stderr).join(': ') || code || (status === null ? 'killed' : `exit status ${status}`);
  return `virsh: ${reason.slice(0, MAX_MESSAGE_LENGTH)}`;
}

/** Kills a process. Does not wait for its end, or for other processes that have inherited its pipes. */
export function killNow(child: ChildProcess): void {
  child.kill('SIGKILL');
  child.stdout?.destroy();
  child.stderr?.destroy();
  child.unref();
}
