import { closeSync, constants, existsSync, fstatSync, lstatSync, openSync, type Stats } from 'node:fs';
import { join } from 'node:path';
import { messageOf, systemError } from './errno.js';

/**
 * open(2)'s O_PATH, which Node does not define. It opens a file neither for reading nor for writing, so that a
 * directory that may be searched but not listed can be opened, too.
 */
export const O_PATH = 0o10000000;
/** Linux gives each open descriptor a path. Other systems do not. */
const DESCRIPTORS = '/proc/self/fd';
let hasDescriptors: boolean | undefined;

/** Whether descriptors have paths that can be passed to programs. */
export function descriptorsHavePaths(): boolean {
  hasDescriptors ??= existsSync(DESCRIPTORS);
  return hasDescriptors;
}

/** The path of an open descriptor, in this process or in a child that inherits it. */
export const descriptorPath = (fd: number) => `${DESCRIPTORS}/${fd}`;

/**
 * An open directory. All its methods act on this directory, even if its path leads to another one meanwhile. Without
 * /proc (systems other than Linux) it is accessed by its path.
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

  /**
   * Follows links.
   * @throws the system's error
   */
  static open(path: string): OpenFolder {
    return new OpenFolder(path, path, true);
  }

  /**
   * Opens a directory in this one. A link is not followed: ENOTDIR.
   * @throws the system's error
   */
  enter(name: string): OpenFolder {
    return new OpenFolder(join(this.path, name), this.at(name), false);
  }

  /** The path for a system call on a name in this directory; '.' is the directory itself. */
  at(name: string): string {
    // not join(), which removes '.' and '..'
    return `${this.#fd === undefined ? this.path : descriptorPath(this.#fd)}/${name}`;
  }

  /** Runs an action with the path of a name in this directory; errors show the path that the user knows. */
  in<T>(name: string, action: (path: string) => T): T {
    const real = this.at(name);
    return naming(real, join(this.path, name), () => action(real));
  }

  /** Undefined without /proc. */
  get descriptor(): number | undefined {
    return this.#fd;
  }

  stat(): Stats {
    return this.#fd === undefined ? lstatSync(this.path) : fstatSync(this.#fd);
  }

  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
  }
}

/** Runs an action, then closes the directory. */
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
