import { spawn } from 'node:child_process';
import type { Io } from '../io.js';

/** Debian's command for the editor that the administrator chose, otherwise vi. */
const DEFAULT_SCRIPT = 'if command -v sensible-editor >/dev/null; then exec sensible-editor "$@"; fi; exec vi "$@"';

/**
 * Opens a file in $VISUAL, otherwise $EDITOR. As in git, the shell splits the value into words. The path is an argument
 * of the shell, never part of its script.
 * @returns undefined if the editor exited with status 0, otherwise the error
 */
export function openEditor(path: string, env: Io['env']): Promise<string | undefined> {
  const editor = env.VISUAL || env.EDITOR;
  // Ctrl-C is for the editor and must not end the shell that runs it
  const script = editor ? `trap : INT; ${editor} "$@"` : DEFAULT_SCRIPT;
  return new Promise((resolve) => {
    const child = spawn('/bin/sh', ['-c', script, 'editor', path], { stdio: 'inherit' });
    child.on('error', ({ message }) => resolve(`the editor could not be started: ${message}`));
    child.on('close', (status, signal) => {
      if (status === 0) resolve(undefined);
      else resolve(signal ? `the editor was killed by ${signal}` : `the editor exited with status ${status}`);
    });
  });
}
