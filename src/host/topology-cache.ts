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
    const before = this.#known;
    const text = this.#online.read() ?? this.#online.read();
    this.#known = before && text === this.#text ? before : readTopology(this.files);
    this.#text = text;
    return this.#known;
  }
}
