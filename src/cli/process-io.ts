import { isatty } from 'node:tty';
import { EXIT, errorLine, type Io } from './io.js';

/** The process's own. */
export function processIo(program: string): Io {
  // Opening Node's streams takes a millisecond each, and most runs write to one of them.
  const output = (fd: number, name: string, open: () => NodeJS.WriteStream) => {
    let stream: NodeJS.WriteStream | undefined;
    let isOpen = true;
    return {
      isTTY: isatty(fd),
      isOpen: () => isOpen,
      write: (text: string) => {
        stream ??= open().on('error', (error: NodeJS.ErrnoException) => {
          isOpen = false;
          // A reader that went away (`| head`) is no failure of ours. And of a message that cannot be given nobody can be told:
          // a log on a full disk ends no watcher, and stops nothing halfway.
          if (error.code === 'EPIPE' || fd === 2) return;
          process.stderr.write(errorLine(program, `${name}: ${error.message}`));
          process.exit(EXIT.failed);
        });
        stream.write(text);
      },
    };
  };
  return {
    env: process.env,
    columns: () => (isatty(1) ? process.stdout.columns : 80),
    userId: () => process.geteuid?.(),
    stdin: { fd: 0, isTTY: isatty(0) },
    stdout: output(1, 'standard output', () => process.stdout),
    stderr: output(2, 'standard error', () => process.stderr),
  };
}
