import { isatty } from 'node:tty';
import { messageOf } from '../lib/errno.js';
import { columnsOf } from './columns.js';
import { EXIT, errorLine, type Io } from './io.js';

/** The Io of this process. */
export function processIo(program: string): Io {
  // Node's streams take a millisecond each to open, and most runs use only one: so open them when they are written to
  const output = (fd: number, name: string, open: () => NodeJS.WriteStream) => {
    let stream: NodeJS.WriteStream | undefined;
    let isOpen = true;
    const onError = (error: NodeJS.ErrnoException) => {
      isOpen = false;
      // A closed reader (`| head`) is no error. An error of standard error is ignored: a full disk for the log must not
      // end the watcher or stop a command halfway.
      if (error.code === 'EPIPE' || fd === 2) return;
      process.stderr.write(errorLine(program, `${name}: ${messageOf(error)}`));
      process.exit(EXIT.failed);
    };
    return {
      isTTY: isatty(fd),
      isOpen: () => isOpen,
      write: (text: string) => {
        stream ??= open().on('error', onError);
        try {
          stream.write(text);
        } catch (error) {
          // Node 18 throws the error of a file, or emits it
          onError(error as NodeJS.ErrnoException);
        }
      },
    };
  };
  return {
    env: process.env,
    columns: () => columnsOf(process.env, isatty(1) ? process.stdout.columns : undefined),
    userId: () => process.geteuid?.(),
    stdin: { fd: 0, isTTY: isatty(0) },
    stdout: output(1, 'standard output', () => process.stdout),
    stderr: output(2, 'standard error', () => process.stderr),
  };
}
