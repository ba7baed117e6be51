import { closeSync, constants, existsSync, mkdirSync, openSync, readlinkSync, rmdirSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { pid } from 'node:process';
import { using } from '../lib/open-folder.js';
import { walk } from '../lib/walk.js';
import { openBelow } from './open-below.js';

/** Where kernels have it: mounted by itself, or below debugfs. */
const PLACES = ['sys/kernel/tracing', 'sys/kernel/debug/tracing'];
const INSTANCE = 'hostdev-cpuset';
const EVENT = 'events/irq_vectors/vector_alloc/enable';
const FILTER = 'events/irq_vectors/vector_alloc/filter';
/** KiB a CPU: some thousand events, where the kernel's own measure is over a megabyte. */
const BUFFER = '64';

/** Why the kernel's events cannot be had, in words. */
export class NoTracing extends Error {
  override readonly name = 'NoTracing';
}

/** How folders come and go: in tracefs the kernel fills a new one itself, and it goes with all that is in it. */
export interface TracefsFolders {
  make(path: string): void;
  remove(path: string): void;
}

const REAL: TracefsFolders = { make: (path) => mkdirSync(path), remove: rmdirSync };

/**
 * An instance of the kernel's tracing, for one event: nobody else's tracing is touched. Below a root, links lead to
 * nothing outside.
 */
export class TraceInstance {
  /** before the root */
  readonly #path: string;
  readonly #folder: string;

  /**
   * One that a killed watcher has left is taken over.
   * @throws NoTracing
   */
  constructor(
    private readonly root = '',
    private readonly folders = REAL,
  ) {
    const place = PLACES.map((path) => join('/', path, 'instances')).find((path) => existsSync(root + path));
    if (place === undefined) throw new NoTracing('tracefs is not mounted');
    this.#path = join(place, INSTANCE);
    this.#folder = root + this.#path;
    try {
      this.#prepare();
    } catch (error) {
      this.remove();
      throw error instanceof NoTracing ? error : new NoTracing(reasonOf(error));
    }
  }

  /** Read, it blocks until there is an event. */
  get pipe(): string {
    return join(this.#folder, 'trace_pipe');
  }

  /** Has a blocked reader of the pipe read something, also where somebody turned the instance off. */
  wake(): void {
    for (const [file, text] of [
      ['tracing_on', '1'],
      ['options/markers', '1'],
      ['trace_marker', 'end\n'],
    ] as const) {
      attempt(() => this.#write(file, text));
    }
  }

  /** The kernel refuses while the pipe is open; whatever it says, the next watcher takes over what is left. */
  remove(): void {
    attempt(() => this.#write(EVENT, '0'));
    attempt(() => this.#inPlace((path) => this.folders.remove(path)));
  }

  #prepare(): void {
    try {
      this.#inPlace((path) => this.folders.make(path));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    if (!existsSync(join(this.#folder, EVENT))) {
      throw new NoTracing('this kernel has no event irq_vectors:vector_alloc (x86 has)');
    }
    this.#write('trace_clock', 'mono');
    this.#write('buffer_size_kb', BUFFER);
    // empties the buffer: what a killed watcher has not read is of no use
    this.#write('trace', '');
    // each write of ours gives an interrupt another vector
    for (const filter of ['0\n', exceptOwn()]) attempt(() => this.#write(FILTER, filter));
    this.#write('tracing_on', '1');
    this.#write(EVENT, '1');
  }

  #inPlace(action: (path: string) => void): void {
    const { folder, name } = walk(this.#path, { root: this.root || '/' });
    using(folder, () => folder.in(name, action));
  }

  /** Never creates a file: below a root there may be anything. */
  #write(file: string, text: string): void {
    const { O_NONBLOCK, O_TRUNC, O_WRONLY } = constants;
    const fd =
      this.root === ''
        ? openSync(join(this.#folder, file), O_WRONLY | O_TRUNC | O_NONBLOCK)
        : openBelow(this.root, join(this.#path, file), { flags: O_WRONLY, truncate: true, followLast: true });
    try {
      writeSync(fd, text);
    } finally {
      closeSync(fd);
    }
  }
}

/**
 * The kernel's PIDs are those of its first namespace (PROC_PID_INIT_INO in include/linux/proc_ns.h): elsewhere ours is
 * another's there.
 */
function exceptOwn(): string {
  const isFirst = readlinkSync('/proc/self/ns/pid') === `pid:[${0xeffffffc}]`;
  return isFirst ? `common_pid != ${pid}\n` : '0\n';
}

function attempt(action: () => void): void {
  try {
    action();
  } catch {
    // it is gone, or refuses: nothing depends on it
  }
}

/** Of the system's answer. */
export function reasonOf(error: unknown): string {
  const { code = '', message } = error as NodeJS.ErrnoException;
  if (code === 'EPERM' || code === 'EACCES') return `the kernel forbids tracing (${code}): lockdown, or a container`;
  if (code === 'EBUSY') return 'another process reads this trace instance';
  return `tracing failed: ${code || message}`;
}
