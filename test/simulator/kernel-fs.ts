import {
  FileError,
  type OpenFile,
  type ProcessFolder,
  type PseudoFs,
  type WritableFile,
} from '../../src/host/pseudo-fs.js';
import type { SimulatedKernel } from './kernel.js';
import { descriptors, type Folder, isFolder, type Node, ONLY_NAMED, tree } from './tree.js';

export type Operation = 'read' | 'list' | 'link' | 'write';

/** The pseudo-files of a simulated kernel, its libvirt and its QEMUs. */
export class SimulatedFs implements PseudoFs {
  readonly root = '';
  readonly #tree: Folder;

  /** @param before called before each access, to change the host at that moment */
  constructor(
    private readonly kernel: SimulatedKernel,
    private readonly before?: (operation: Operation, path: string) => void,
  ) {
    this.#tree = tree(kernel);
  }

  read(path: string): string | undefined {
    const found = this.#find('read', path);
    if (isFolder(found)) throw new FileError('EISDIR', path);
    return typeof found === 'string' ? found : undefined;
  }

  /** There are no owners and modes, so every file is trusted. */
  readTrusted(path: string): string | undefined {
    return this.read(path);
  }

  list(path: string): string[] | undefined {
    const found = this.#find('list', path);
    return isFolder(found) ? found.names() : undefined;
  }

  countDescriptors(): undefined {
    return undefined;
  }

  countFolders(path: string): number | undefined {
    const found = this.#find('list', path);
    return isFolder(found) ? found.names().filter((name) => isFolder(found.get(name))).length : undefined;
  }

  link(path: string): string | undefined {
    return this.linkTarget(path)?.split('/').at(-1);
  }

  linkTarget(path: string): string | undefined {
    const found = this.#find('link', path);
    if (found !== undefined && (typeof found === 'string' || isFolder(found))) throw new FileError('EINVAL', path);
    return found?.link;
  }

  openDeviceNumbers(pid: number, names: readonly string[]): ReadonlyMap<string, string> | undefined {
    this.before?.('read', `/proc/${pid}/fd`);
    const domain = this.kernel.processes.byPid.get(pid);
    if (!domain) return new Map();
    const open = descriptors(this.kernel, domain);
    const numberOf = (name: string): [string, string][] => {
      const { number, info } = open.get(Number(name)) ?? {};
      return number && !info?.includes(ONLY_NAMED) ? [[name, number]] : [];
    };
    return new Map(names.flatMap(numberOf));
  }

  /** There are no links. */
  inProcess<T>(pid: number, path: string, action: (folder: ProcessFolder) => T): T | undefined {
    const folder = `/proc/${pid}/root${path}`;
    const names = this.list(folder);
    if (!names) return undefined;
    const read = (name: string, maxBytes: number, known?: string) => {
      const text = this.read(`${folder}/${name}`);
      if (text === undefined) return undefined;
      if (text.length > maxBytes) throw new FileError('EFBIG', path);
      return { version: text, bytes: text === known ? undefined : Buffer.from(text) };
    };
    return action({ names: () => names, read });
  }

  open(path: string): OpenFile {
    return this.openToWrite(path);
  }

  /** As in procfs, a descriptor belongs to the interrupt that it was opened for. */
  openToWrite(path: string): WritableFile {
    const irq = Number(/\/irq\/(\d+)\//.exec(path)?.[1] ?? Number.NaN);
    let opened: unknown = this.kernel.interrupts.get(irq);
    const read = () => {
      const text = this.read(path);
      const now = this.kernel.interrupts.get(irq);
      const isStale = opened !== undefined && now !== opened;
      opened = text === undefined || isStale ? undefined : now;
      return isStale ? undefined : text;
    };
    const write = (text: string) => {
      const found = this.#find('write', path);
      const [file, list] = /\/smp_affinity(_list)?$/.exec(path) ?? [];
      if (file === undefined) throw new FileError(found === undefined ? 'ENOENT' : 'EACCES', path);
      if (opened === undefined || this.kernel.interrupts.get(irq) !== opened) throw new FileError('ENOENT', path);
      this.write(irq, text, list ? 'list' : 'mask');
    };
    return { read, write, isKept: true, close: () => {} };
  }

  /** The write itself, to an interrupt that exists. */
  protected write(irq: number, text: string, form: 'mask' | 'list'): void {
    this.kernel.writeAffinity(irq, text, form);
  }

  #find(operation: Operation, path: string): Node | undefined {
    this.before?.(operation, path);
    let found: Node | undefined = this.#tree;
    for (const name of namesIn(path)) found = isFolder(found) ? found.get(name) : undefined;
    return found;
  }
}

/** The same paths are read repeatedly. */
const namesOf = new Map<string, readonly string[]>();

function namesIn(path: string): readonly string[] {
  let names = namesOf.get(path);
  if (!names) {
    names = path.split('/').filter((name) => name !== '');
    if (namesOf.size >= 10_000) namesOf.clear();
    namesOf.set(path, names);
  }
  return names;
}
