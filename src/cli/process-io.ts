import { fstatSync, writeSync } from 'node:fs';
import { messageOf } from '../lib/errno.js';
import { pause } from '../lib/pause.js';
import { columnsOf } from './columns.js';
import { EXIT, errorLine, type Io } from './io.js';

/** Interval of attempts to write to a full, non-blocking pipe. */
const RETRY_INTERVAL_MS = 5;

/** The Io of this process. Node's streams and terminals take 8 ms to load, a tenth of a run for one file. */
export function processIo(program: string): Io {
  const errors = output(2, () => {});
  const standard = output(1, (error) => {
    errors.write(errorLine(program, `standard output: ${messageOf(error)}`));
    process.exit(EXIT.failed);
  });
  return {
    env: process.env,
    columns: () => columnsOf(process.env, standard.isTTY ? process.stdout.columns : undefined),
    userId: () => process.geteuid?.(),
    stdin: {
      fd: 0,
      get isTTY() {
        return isCharacterDevice(0) && process.stdin.isTTY === true;
      },
    },
    stdout: standard,
    stderr: errors,
  };
}

function output(fd: 1 | 2, onError: (error: NodeJS.ErrnoException) => void) {
  const stream = () => (fd === 1 ? process.stdout : process.stderr);
  let isOpen = true;
  let isTTY: boolean | undefined;
  return {
    get isTTY() {
      isTTY ??= isCharacterDevice(fd) && stream().isTTY === true;
      return isTTY;
    },
    isOpen: () => isOpen,
    write: (text: string) => {
      if (!isOpen) return;
      try {
        writeAll(fd, text);
      } catch (error) {
        isOpen = false;
        // A closed reader (`| head`) is not an error. Errors of standard error are ignored: a full disk for the log
        // must not end the watcher or stop a command halfway.
        if ((error as NodeJS.ErrnoException).code !== 'EPIPE') onError(error as NodeJS.ErrnoException);
      }
    },
  };
}

function writeAll(fd: number, text: string): void {
  const bytes = Buffer.from(text);
  for (let written = 0; written < bytes.length; ) {
    try {
      written += writeSync(fd, bytes, written);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
      pause(RETRY_INTERVAL_MS);
    }
  }
}

function isCharacterDevice(fd: number): boolean {
  try {
    return fstatSync(fd).isCharacterDevice();
  } catch {
    return false;
  }
}
