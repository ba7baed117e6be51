import { statSync } from 'node:fs';
import { directoryReason } from './errno.js';

/** Why a path is not that of a directory. Undefined: it is. */
export function directoryProblem(path: string): string | undefined {
  try {
    return statSync(path).isDirectory() ? undefined : 'not a directory';
  } catch (error) {
    return directoryReason(error as NodeJS.ErrnoException);
  }
}
