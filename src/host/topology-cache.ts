import type { OpenFile, PseudoFs } from '../host/pseudo-fs.js';
import { readTopology, type Topology } from '../host/topology.js';

/** The host's CPUs and nodes. Each call reads one file; the others are read only if the online CPUs have changed. */
export class TopologyCache {
  readonly #online: OpenFile;
  #text: string | undefined;
  #known: Topology | undefined;

  constructor(private readonly files: PseudoFs) {
    this.#online = files.open('/sys/devices/system/cpu/online');
  }

  /** Returns the same object until the online CPUs change. @throws FileError */
  read(): Topology {
    const text = this.#online.read() ?? this.#online.read();
    if (this.#known && text !== undefined && text === this.#text) return this.#known;
    this.#known = readTopology(this.files);
    // a CPU that went offline while the files were read may be back before the next call
    this.#text = this.#online.read() === text ? text : undefined;
    return this.#known;
  }
}
