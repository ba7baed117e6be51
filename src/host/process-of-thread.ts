import { FileError, type PseudoFs } from './pseudo-fs.js';

/** The process of a thread. Undefined if the thread has ended, or if it is hidden. */
export function processOfThread(files: PseudoFs, thread: number): number | undefined {
  try {
    const pid = /^Tgid:\t(\d+)$/m.exec(files.read(`/proc/${thread}/status`) ?? '')?.[1];
    return pid === undefined ? undefined : Number(pid);
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    return undefined;
  }
}
