import { spawnSync } from 'node:child_process';

/** Runs something synchronous as a user to whom files can be closed, as nothing is to root. */
export function asOrdinaryUser<T>(act: () => T): T {
  if (process.geteuid?.() !== 0) return act();
  process.seteuid?.(65534);
  try {
    return act();
  } finally {
    process.seteuid?.(0);
  }
}

/** Who needs 'another-user': nobody, with whom files are found that are not ours. */
export const OTHER_USER = 65534;
/** The words before a command that is run as that user. */
export const AS_OTHER_USER = ['setpriv', `--reuid=${OTHER_USER}`, `--regid=${OTHER_USER}`, '--clear-groups'];

/** Has that user run a shell script, to its end, in a process of their own; throws where it fails. */
export function otherUserRuns(script: string, ...words: string[]): void {
  const [command, ...options] = AS_OTHER_USER as [string, ...string[]];
  const args = [...options, 'sh', '-e', '-c', script, 'sh', ...words];
  const { status, stderr } = spawnSync(command, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`the other user's script: ${stderr}`);
}
