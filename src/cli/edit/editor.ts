import { spawn } from 'node:child_process';
import type { Io } from '../io.js';

/** Debian's way to the editor that the administrator chose; vi is on every system. */
const DEFAULT = 'if command -v sensible-editor >/dev/null; then exec sensible-editor "$@"; fi; exec vi "$@"';

/**
 * Opens a file in the person's editor: $VISUAL, else $EDITOR, words and quotes as the shell reads them, as git does it.
 * The file is an argument of the shell's and never a part of what it reads.
 * @returns undefined where the editor has ended well, else what became of it
 */
export function openEditor(path: string, env: Io['env']): Promise<string | undefined> {
  const editor = env.VISUAL || env.EDITOR;
  // Ctrl-C is the editor's affair, and must not end the shell around it.
  const script = editor ? `trap : INT; ${editor} "$@"` : DEFAULT;
  return new Promise((resolve) => {
    const child = spawn('/bin/sh', ['-c', script, 'editor', path], { stdio: 'inherit' });
    child.on('error', ({ message }) => resolve(`the editor could not be started: ${message}`));
    child.on('close', (status, signal) => {
      if (status === 0) resolve(undefined);
      else resolve(signal ? `the editor was ended by ${signal}` : `the editor ended with status ${status}`);
    });
  });
}
