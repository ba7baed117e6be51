import { spawnSync } from 'node:child_process';
import { env } from 'node:process';
import { ToolError } from '../lib/errors.js';
import { MAX_BYTES } from '../xml/decode.js';

/** A daemon that does not answer is not waited for any longer. */
const TIME_LIMIT_MS = 30_000;

/** The definition of a domain as it is now, live where it runs. @throws ToolError in virsh's own words */
export function dumpDomain(name: string, connect: string | undefined): string {
  return virsh(connect, ['dumpxml', `--domain=${name}`]);
}

/** The definition that the next start takes, with its passwords: what is defined without them loses them. */
export function dumpForEditing(domain: string, connect: string | undefined): string {
  return virsh(connect, ['dumpxml', '--inactive', '--security-info', `--domain=${domain}`]);
}

/** UUIDs of the running domains. */
export function runningDomains(connect: string | undefined): string[] {
  return virsh(connect, ['list', '--uuid']).split('\n').filter(Boolean);
}

/** Names of the running domains. */
export function runningNames(connect: string | undefined): string[] {
  return virsh(connect, ['list', '--name']).split('\n').filter(Boolean);
}

/** What virsh prints. @throws ToolError in virsh's own words */
function virsh(connect: string | undefined, args: readonly string[]): string {
  const { status, stdout, stderr } = callVirsh(connect, args);
  if (status !== 0) {
    throw new ToolError(`virsh: ${errorsOf(stderr).join(': ') || `exit status ${status}`}`);
  }
  return stdout;
}

/** Its complaints, from the general to the particular. */
export function errorsOf(stderr: string): string[] {
  return stderr
    .split('\n')
    .filter((line) => line.startsWith('error: '))
    .map((line) => line.slice('error: '.length));
}

export interface VirshOutcome {
  status: number | null;
  stdout: string;
  stderr: string;
}

/**
 * One call of virsh, in English whatever the locale: its complaints are known by their first word.
 * @param patient a person is there, who may be asked for a password
 * @throws ToolError where it cannot be run at all
 */
export function callVirsh(
  connect: string | undefined,
  args: readonly string[],
  patient = false,
  timeLimitMs = TIME_LIMIT_MS,
): VirshOutcome {
  const options = connect === undefined ? [] : [`--connect=${connect}`];
  const { error, status, stdout, stderr } = spawnSync('virsh', [...options, ...args], {
    encoding: 'utf8',
    env: { ...env, LC_ALL: 'C' },
    timeout: patient ? 0 : timeLimitMs,
    killSignal: 'SIGKILL',
    maxBuffer: MAX_BYTES,
    stdio: [patient ? 'inherit' : 'ignore', 'pipe', 'pipe'],
  });
  if (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') throw new ToolError('virsh is not installed (Debian: libvirt-clients)');
    if (code === 'ETIMEDOUT') throw new ToolError(`virsh gave no answer within ${timeLimitMs / 1000} s`);
    throw new ToolError(`virsh: ${code ?? error.message}`);
  }
  return { status, stdout, stderr };
}
