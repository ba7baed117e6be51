import { execFileSync } from 'node:child_process';
import {
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { Socket } from 'node:net';
import type { TracefsFolders } from '../../src/host/tracefs.js';
import type { TemporaryFolder } from './temporary-folder.js';

const PATH = 'sys/kernel/tracing/instances';
const FILES = [
  ...['trace_clock', 'buffer_size_kb', 'trace', 'tracing_on'],
  ...['options/context-info', 'options/markers', 'options/raw', 'options/hex', 'options/fields'],
];
export const EVENT = 'events/irq_vectors/vector_alloc/enable';
export const FILTER = 'events/irq_vectors/vector_alloc/filter';
/** Of the tracer of functions, with the contents of a new instance. */
const FUNCTION_FILES = {
  available_tracers: 'function nop\n',
  current_tracer: 'nop\n',
  set_ftrace_filter: '#### all functions enabled ####\n',
  set_ftrace_notrace_pid: 'no pid\n',
};
export const POSTING_EVENT = 'events/kvm/kvm_pi_irte_update/enable';

/**
 * A tracefs of plain files: the pipe and the marker are FIFOs. Writes to the marker are copied to the pipe with a time,
 * as in the kernel, unless `deaf`.
 */
export class SimulatedTracefs implements TracefsFolders {
  /** instances that were created and removed */
  readonly made: string[] = [];
  readonly removed: string[] = [];
  /** writes to the marker are not copied to the pipe */
  deaf = false;
  #pipe: number | undefined;
  #marker: Socket | undefined;

  constructor(
    private readonly folder: TemporaryFolder,
    private readonly events = true,
    private readonly functions = false,
  ) {
    mkdirSync(folder.join(PATH), { recursive: true });
  }

  /** Creates the files of an instance, as the kernel does at mkdir. */
  make(path: string): void {
    if (existsSync(path)) throw Object.assign(new Error('EEXIST'), { code: 'EEXIST' });
    this.made.push(path);
    this.populate();
  }

  remove(path: string): void {
    this.removed.push(path);
    rmSync(path, { recursive: true });
  }

  /** Fills the instance directory. */
  populate(): void {
    const at = (name: string) => `${PATH}/hostdev-cpuset/${name}`;
    for (const name of FILES) {
      this.folder.write(at(name), '');
    }
    if (this.events) for (const name of [EVENT, FILTER]) this.folder.write(at(name), '0\n');
    if (this.functions) for (const [name, text] of Object.entries(FUNCTION_FILES)) this.folder.write(at(name), text);
    const pipe = this.folder.join(at('trace_pipe'));
    execFileSync('mkfifo', [pipe]);
    const marker = this.folder.join(at('trace_marker'));
    execFileSync('mkfifo', [marker]);
    this.close();
    this.#pipe = openSync(pipe, constants.O_RDWR);
    const fd = openSync(marker, constants.O_RDWR | constants.O_NONBLOCK);
    this.#marker = new Socket({ fd, readable: true, writable: false }).setEncoding('utf8').unref();
    this.#marker.on('data', (text: string) => {
      if (this.deaf) return;
      for (const line of text.split('\n').filter(Boolean)) {
        this.tell(`            node-7       [001] ..... 123.456789: tracing_mark_write: ${line}\n`);
      }
    });
  }

  /** Changes a file of the instance, as another program might. */
  write(name: string, text: string): void {
    writeFileSync(this.folder.join(PATH, 'hostdev-cpuset', name), text);
  }

  read(name: string): string {
    return readFileSync(this.folder.join(PATH, 'hostdev-cpuset', name), 'utf8').trim();
  }

  /** Writes lines to the pipe, as the kernel does. */
  tell(text: string): void {
    if (this.#pipe !== undefined) writeSync(this.#pipe, text);
  }

  tellVector(irq: number, seconds = '123.456789'): void {
    this.tell(`          <idle>-0       [001] d..1. ${seconds}: vector_alloc: irq=${irq} vector=34 reserved=0 ret=0\n`);
  }

  /** A thread calls a function that is traced. */
  tellCall(thread: number, call: string, seconds = '123.456789'): void {
    this.tell(` qemu-system-x86-${thread}     [001] ..... ${seconds}: ${call}\n`);
  }

  /** The module gets its events, or loses them. */
  loadKvm(): void {
    this.folder.write(`${PATH}/hostdev-cpuset/${POSTING_EVENT}`, '0\n');
  }

  unloadKvm(): void {
    rmSync(this.folder.join(PATH, 'hostdev-cpuset/events/kvm'), { recursive: true });
  }

  /** As kernel 6.12 does. */
  tellPosted(irq: number, vcpu: number | null): void {
    const update = vcpu === null ? 'disabled' : 'enabled and being updated';
    this.tell(
      `       CPU 0/KVM-7       [001] ..... 123.456789: kvm_pi_irte_update: PI is ${update} for irq ${irq}, ` +
        `vcpu ${vcpu ?? 0}, gsi: 0x18, gvec: 0x22, pi_desc_addr: 0x10c2e4a80\n`,
    );
  }

  close(): void {
    if (this.#pipe !== undefined) closeSync(this.#pipe);
    this.#pipe = undefined;
    this.#marker?.destroy();
    this.#marker = undefined;
  }
}
