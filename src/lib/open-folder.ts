import { closeSync, constants, existsSync, fstatSync, lstatSync, openSync, type Stats } from 'node:fs';
import { join } from 'node:path';
import { messageOf, systemError } from './errno.js';

/**
 * open(2)'s O_PATH, which Node does not name: the descriptor of a file that is not opened for reading or writing, such
 * as a folder that may be searched, but perhaps not listed.
 */
export const O_PATH = 0o10000000;
/** Linux gives each open descriptor a path. Elsewhere a folder can only be named. */
const DESCRIPTORS = '/proc/self/fd';
let hasDescriptors: boolean | undefined;

/** Whether a descriptor has a path: then a program that only takes paths can be given one. */
export function descriptorsHavePaths(): boolean {
  hasDescriptors ??= existsSync(DESCRIPTORS);
  return hasDescriptors;
}

/** The path of an open descriptor, in this process or in a child that has it. */
export const descriptorPath = (fd: number) => `${DESCRIPTORS}/${fd}`;

/**
 * A folder that is kept open: what is done in it is done in this folder, whatever its path leads to meanwhile. Without
 * /proc (other systems than Linux) it is used by its path.
 */
export class OpenFolder {
  readonly #fd: number | undefined;

  private constructor(
    /** for messages */
    readonly path: string,
    real: string,
    follow: boolean,
  ) {
    const { O_DIRECTORY, O_NOFOLLOW } = constants;
    if (descriptorsHavePaths()) {
      const flags = O_PATH | O_DIRECTORY | (follow ? 0 : O_NOFOLLOW);
      this.#fd = naming(real, path, () => openSync(real, flags));
    } else if (!lstatSync(follow ? `${real}/.` : real).isDirectory()) throw systemError('ENOTDIR', path);
  }

  /** Links are followed. @throws the system's error */
  static open(path: string): OpenFolder {
    return new OpenFolder(path, path, true);
  }

  /** A folder in this one. A link is not followed: ENOTDIR. @throws the system's error */
  enter(name: string): OpenFolder {
    return new OpenFolder(join(this.path, name), this.at(name), false);
  }

  /** The path for a system call on a name in this folder; '.' is the folder itself. */
  at(name: string): string {
    // not join(): it takes '.' and '..' away
    return `${this.#fd === undefined ? this.path : descriptorPath(this.#fd)}/${name}`;
  }

  /** Does something at a name in it; an error names the path that a person knows. */
  in<T>(name: string, action: (path: string) => T): T {
    const real = this.at(name);
    return naming(real, join(this.path, name), () => action(real));
  }

  stat(): Stats {
    return this.#fd === undefined ? lstatSync(this.path) : fstatSync(this.#fd);
  }

  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
  }
}

/** Runs an action, then closes the folder. */
export function using<T>(folder: OpenFolder, action: (folder: OpenFolder) => T): T {
  try {
    return action(folder);
  } finally {
    folder.close();
  }
}

function naming<T>(real: string, path: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (error instanceof Error) error.message = messageOf(error).replaceAll(real, path);
    throw error;
  }
}
