import { execFileSync } from 'node:child_process';
import {
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeSync,
} from 'node:fs';
import type { TracefsFolders } from '../../src/host/tracefs.js';
import type { TemporaryFolder } from './temporary-folder.js';

const PATH = 'sys/kernel/tracing/instances';
export const EVENT = 'events/irq_vectors/vector_alloc/enable';
export const FILTER = 'events/irq_vectors/vector_alloc/filter';

/** A tracefs of files, below a folder: the pipe is a FIFO, and what is written to the marker comes out of it, as in the kernel's. */
export class SimulatedTracefs implements TracefsFolders {
  /** instances that were made and removed */
  readonly made: string[] = [];
  readonly removed: string[] = [];
  #pipe: number | undefined;

  constructor(
    private readonly folder: TemporaryFolder,
    private readonly events = true,
  ) {
    mkdirSync(folder.join(PATH), { recursive: true });
  }

  /** What the kernel does at a mkdir. */
  make(path: string): void {
    if (existsSync(path)) throw Object.assign(new Error('EEXIST'), { code: 'EEXIST' });
    this.made.push(path);
    this.populate();
  }

  remove(path: string): void {
    this.removed.push(path);
    rmSync(path, { recursive: true });
  }

  /** Fills the instance. */
  populate(): void {
    const at = (name: string) => `${PATH}/hostdev-cpuset/${name}`;
    for (const name of ['trace_clock', 'buffer_size_kb', 'trace', 'tracing_on', 'options/markers']) {
      this.folder.write(at(name), '');
    }
    if (this.events) for (const name of [EVENT, FILTER]) this.folder.write(at(name), '0\n');
    const pipe = this.folder.join(at('trace_pipe'));
    execFileSync('mkfifo', [pipe]);
    symlinkSync('trace_pipe', this.folder.join(at('trace_marker')));
    this.#pipe = openSync(pipe, constants.O_RDWR);
  }

  read(name: string): string {
    return readFileSync(this.folder.join(PATH, 'hostdev-cpuset', name), 'utf8').trim();
  }

  /** The kernel tells. */
  tell(text: string): void {
    writeSync(this.#pipe as number, text);
  }

  tellVector(irq: number, seconds = '123.456789'): void {
    this.tell(`          <idle>-0       [001] d..1. ${seconds}: vector_alloc: irq=${irq} vector=34 reserved=0 ret=0\n`);
  }

  close(): void {
    if (this.#pipe !== undefined) closeSync(this.#pipe);
    this.#pipe = undefined;
  }
}
