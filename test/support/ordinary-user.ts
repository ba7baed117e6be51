import { spawnSync } from 'node:child_process';

/** Runs a synchronous function as a user whom file permissions restrict, unlike root. */
export function asOrdinaryUser<T>(act: () => T): T {
  if (process.geteuid?.() !== 0) return act();
  process.seteuid?.(65534);
  try {
    return act();
  } finally {
    process.seteuid?.(0);
  }
}

/** The user `nobody` for tests that need 'another-user', the owner of files that are not ours. */
export const OTHER_USER = 65534;
/** The command prefix that runs a command as that user. */
export const AS_OTHER_USER = ['setpriv', `--reuid=${OTHER_USER}`, `--regid=${OTHER_USER}`, '--clear-groups'];

/** Runs a shell script as that user in its own process; throws if it fails. */
export function otherUserRuns(script: string, ...words: string[]): void {
  const [command, ...options] = AS_OTHER_USER as [string, ...string[]];
  const args = [...options, 'sh', '-e', '-c', script, 'sh', ...words];
  const { status, stderr } = spawnSync(command, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`the other user's script: ${stderr}`);
}
