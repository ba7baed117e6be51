import { closeSync, constants, existsSync, mkdirSync, openSync, readSync, rmdirSync, writeSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { descriptorPath, O_PATH, using } from '../lib/open-folder.js';
import { walk } from '../lib/walk.js';
import { openBelow } from './open-below.js';
import { attempt, type InstanceFiles, TRACE_SOURCES, type TraceSource } from './trace-sources.js';

/** tracefs is mounted there, or below debugfs. */
const MOUNT_POINTS = ['sys/kernel/tracing', 'sys/kernel/debug/tracing'];
const INSTANCE = 'hostdev-cpuset';
/** Absent until the module kvm is loaded, and after it is unloaded. */
const POSTING_EVENT = 'events/kvm/kvm_pi_irte_update/enable';
/** Per CPU; holds some thousand events. The kernel's default is over a megabyte. */
const BUFFER_SIZE_KIB = 64;

/** A new instance inherits the options of the top level. Events are parsed with these. */
const OPTIONS: readonly (readonly [name: string, value: '0' | '1'])[] = [
  // the time of each event
  ['context-info', '1'],
  ['markers', '1'],
  // a full buffer drops old events and reports it
  ['overwrite', '1'],
  // other output formats
  ...(['raw', 'hex', 'bin', 'fields', 'verbose', 'latency-format', 'block'] as const).map(
    (name) => [name, '0'] as const,
  ),
  // calls of functions, with the caller's name alone
  ['function-trace', '1'],
  ['print-parent', '1'],
  ...(['sym-offset', 'sym-addr', 'func_stack_trace', 'func-no-repeats', 'func-args'] as const).map(
    (name) => [name, '0'] as const,
  ),
];
/** Settings that another program could change, so that no events arrive, beside those of the source. */
const WATCHED = ['tracing_on', 'options/context-info', 'options/markers'];
const MAX_READ_SIZE = 4096;

/** Trace events are unavailable; the message is the reason. */
export class TracingUnavailable extends Error {
  override readonly name = 'TracingUnavailable';

  /** @param isPermanent it cannot change while this kernel runs, or until the administrator changes something */
  constructor(
    message: string,
    readonly isPermanent = false,
  ) {
    super(message);
  }
}

/**
 * Creates and removes directories. In tracefs the kernel creates the files of a new directory, and removes them with
 * it.
 */
export interface TracefsFolders {
  make(path: string): void;
  remove(path: string): void;
}

const REAL: TracefsFolders = { make: (path) => mkdirSync(path), remove: rmdirSync };

/**
 * A trace instance of our own (kernel: Documentation/trace/ftrace.rst), with our events enabled: other tracing is not
 * affected. Below a root, links that lead outside are not followed.
 */
export class TraceInstance {
  /** path without the root */
  readonly #path: string;
  /** path with the root */
  readonly #folder: string;
  readonly #files: InstanceFiles = {
    has: (file) => existsSync(join(this.#folder, file)),
    read: (file) => this.#read(file),
    write: (file, text) => this.#write(file, text),
    append: (file, text) => this.#writeTo(this.#open(file, constants.O_WRONLY | constants.O_APPEND), text),
  };
  #source: TraceSource | undefined;
  /** contents of the watched files after the setup */
  readonly #settings: string;
  #isPostingEnabled = false;

  /**
   * Takes over an instance that a killed watcher has left.
   * @throws TracingUnavailable
   */
  constructor(
    private readonly root = '',
    private readonly folders = REAL,
  ) {
    const instances = MOUNT_POINTS.map((path) => join('/', path, 'instances')).find((path) => existsSync(root + path));
    if (instances === undefined) throw new TracingUnavailable('tracefs is not mounted', true);
    this.#path = join(instances, INSTANCE);
    this.#folder = root + this.#path;
    try {
      this.#prepare();
      this.#settings = this.#readSettings();
    } catch (error) {
      this.remove();
      if (error instanceof TracingUnavailable) throw error;
      throw new TracingUnavailable(tracingFailure(error), isForbidden(error));
    }
  }

  /**
   * Opens trace_pipe: a read blocks until there is an event.
   * @throws the system's error
   */
  async openPipe(): Promise<FileHandle> {
    if (this.root === '') return open(join(this.#folder, 'trace_pipe'), 'r');
    // only found, not opened: newer kernels allow one reader, and a descriptor of openBelow() would not block
    const fd = this.#open('trace_pipe', O_PATH);
    try {
      return await open(descriptorPath(fd), 'r');
    } finally {
      closeSync(fd);
    }
  }

  /** Ends a blocked read of the pipe by writing a marker, even if the instance was turned off. */
  wake(): void {
    for (const [file, text] of [
      ['tracing_on', '1'],
      ['options/markers', '1'],
      ['trace_marker', 'end\n'],
    ] as const) {
      attempt(() => this.#write(file, text));
    }
  }

  /** Writes a line that comes back through the pipe. */
  mark(text: string): void {
    attempt(() => this.#write('trace_marker', `${text}\n`));
  }

  /**
   * Whether the instance still has the settings of its setup: another program may turn off the event, or change its
   * filter.
   */
  hasOwnSettings(): boolean {
    return this.#readSettings() === this.#settings;
  }

  /**
   * Enables the event about posting if KVM has it now. `lost`: it was enabled before and was not enabled until now, so
   * some events may have been missed.
   */
  enablePosting(): 'on' | 'absent' | 'lost' {
    const wasEnabled = this.#isPostingEnabled;
    if (wasEnabled && this.#read(POSTING_EVENT)?.startsWith('1')) return 'on';
    this.#isPostingEnabled = false;
    if (existsSync(join(this.#folder, POSTING_EVENT))) {
      attempt(() => {
        this.#write(POSTING_EVENT, '1');
        this.#isPostingEnabled = true;
      });
    }
    return wasEnabled ? 'lost' : this.#isPostingEnabled ? 'on' : 'absent';
  }

  #readSettings(): string {
    const { watched = [], kernelSettings = [] } = this.#source ?? {};
    const contents = [...WATCHED, ...watched].map((file) => this.#read(file));
    return JSON.stringify([...contents, ...kernelSettings.map((path) => this.#readPath(path))]);
  }

  /** Null if it cannot be read. */
  #read(file: string): string | null {
    return this.#readPath(join(this.#path, file));
  }

  /** @param path without the root */
  #readPath(path: string): string | null {
    try {
      const fd = this.#openPath(path, constants.O_RDONLY);
      try {
        const buffer = Buffer.alloc(MAX_READ_SIZE);
        return buffer.toString('latin1', 0, readSync(fd, buffer));
      } finally {
        closeSync(fd);
      }
    } catch {
      return null;
    }
  }

  /**
   * The kernel refuses while the pipe is open. Errors are ignored: the next watcher takes over an instance that is
   * left.
   */
  remove(): void {
    this.#source?.disable(this.#files);
    attempt(() => this.#write(POSTING_EVENT, '0'));
    attempt(() => this.#inPlace((path) => this.folders.remove(path)));
  }

  #prepare(): void {
    try {
      this.#inPlace((path) => this.folders.make(path));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    this.#source = TRACE_SOURCES.find((source) => source.isAvailable(this.#files));
    if (!this.#source) throw new TracingUnavailable('this kernel traces neither vectors (x86) nor functions', true);
    for (const path of this.#source.kernelSettings) {
      if (this.#readPath(path)?.trim() === '0') throw new TracingUnavailable(`${path} is 0`);
    }
    this.#write('trace_clock', 'mono');
    this.#write('buffer_size_kb', `${BUFFER_SIZE_KIB}`);
    // removes events that a killed watcher has not read
    this.#write('trace', '');
    // not every kernel has all options
    for (const [name, value] of OPTIONS) attempt(() => this.#write(`options/${name}`, value));
    this.#write('tracing_on', '1');
    this.#source.enable(this.#files);
  }

  #inPlace(action: (path: string) => void): void {
    const { folder, name } = walk(this.#path, { root: this.root || '/' });
    using(folder, () => folder.in(name, action));
  }

  /** Never creates a file below a root. */
  #write(file: string, text: string): void {
    this.#writeTo(this.#open(file, constants.O_WRONLY, true), text);
  }

  #writeTo(fd: number, text: string): void {
    try {
      writeSync(fd, text);
    } finally {
      closeSync(fd);
    }
  }

  #open(file: string, flags: number, truncate = false): number {
    return this.#openPath(join(this.#path, file), flags, truncate);
  }

  #openPath(path: string, flags: number, truncate = false): number {
    const { O_NONBLOCK, O_TRUNC } = constants;
    return this.root === ''
      ? openSync(path, flags | O_NONBLOCK | (truncate ? O_TRUNC : 0))
      : openBelow(this.root, path, { flags, truncate, followLast: true });
  }
}

function isForbidden(error: unknown): boolean {
  return ['EPERM', 'EACCES', 'EROFS'].includes((error as NodeJS.ErrnoException).code ?? '');
}

/** The reason why tracing failed, from a system error. */
export function tracingFailure(error: unknown): string {
  const { code = '', message } = error as NodeJS.ErrnoException;
  if (code === 'EPERM' || code === 'EACCES') return `the kernel forbids tracing (${code}): lockdown, or a container`;
  if (code === 'EBUSY') return 'another process reads this trace instance';
  return `tracing failed: ${code || message}`;
}
