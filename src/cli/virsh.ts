import { spawnSync } from 'node:child_process';
import { MAX_BYTES } from '../xml/decode.js';
import { ToolError } from './io.js';

/** A daemon that does not answer is not waited for any longer, in milliseconds. */
const TIME_LIMIT = 30_000;

/** The definition of a domain as it is now, live where it runs. @throws ToolError in virsh's own words */
export function dumpDomain(name: string, connect: string | undefined): string {
  return virsh(connect, ['dumpxml', `--domain=${name}`]);
}

/** UUIDs of the running domains. */
export function runningDomains(connect: string | undefined): string[] {
  return virsh(connect, ['list', '--uuid']).split('\n').filter(Boolean);
}

function virsh(connect: string | undefined, args: readonly string[]): string {
  const options = connect === undefined ? [] : [`--connect=${connect}`];
  const { error, status, stdout, stderr } = spawnSync('virsh', [...options, ...args], {
    encoding: 'utf8',
    timeout: TIME_LIMIT,
    maxBuffer: MAX_BYTES,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  if (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') throw new ToolError('virsh is not installed (Debian: libvirt-clients)');
    if (code === 'ETIMEDOUT') throw new ToolError(`virsh gave no answer within ${TIME_LIMIT / 1000} s`);
    throw new ToolError(`virsh: ${code ?? error.message}`);
  }
  if (status !== 0) {
    const line = stderr.split('\n').find((text) => text.startsWith('error: '));
    throw new ToolError(`virsh: ${line?.slice('error: '.length) ?? `exit status ${status}`}`);
  }
  return stdout;
}
