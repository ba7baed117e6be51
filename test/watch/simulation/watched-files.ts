import type { FileError, WritableFile } from '../../../src/host/pseudo-fs.js';
import type { SimulatedKernel } from '../../simulator/kernel.js';
import { SimulatedFs } from '../../simulator/kernel-fs.js';

/** Tells of every write, and of every access of an interrupt, a device's driver or a process's command line before it is made. */
export class WatchedFiles extends SimulatedFs {
  constructor(
    kernel: SimulatedKernel,
    private readonly written: (irq: number) => void,
    private readonly failed: (irq: number, code: string) => void,
    accessed: (isWrite: boolean) => void,
  ) {
    super(kernel, (operation, path) => {
      if (/irq|driver|cmdline/.test(path)) accessed(operation === 'write');
    });
  }

  override openToWrite(path: string): WritableFile {
    const file = super.openToWrite(path);
    return { ...file, write: (text) => this.#watched(path, () => file.write(text)) };
  }

  #watched(path: string, write: () => void): void {
    const irq = Number(path.split('/')[3]);
    try {
      write();
    } catch (error) {
      this.failed(irq, (error as FileError).code);
      throw error;
    }
    this.written(irq);
  }
}
