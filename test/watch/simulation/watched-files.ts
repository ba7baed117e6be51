import type { FileError } from '../../../src/host/files.js';
import type { SimulatedKernel } from '../../../src/host/simulated/kernel.js';
import { KernelFiles } from '../../../src/host/simulated/kernel-files.js';

/** Tells of every write, and of every access of an interrupt or a device's driver before it is made. */
export class WatchedFiles extends KernelFiles {
  constructor(
    kernel: SimulatedKernel,
    private readonly written: (irq: number) => void,
    private readonly failed: (irq: number, code: string) => void,
    accessed: (isWrite: boolean) => void,
  ) {
    super(kernel, (operation, path) => {
      if (/irq|driver/.test(path)) accessed(operation === 'write');
    });
  }

  override write(path: string, text: string): void {
    const irq = Number(path.split('/')[3]);
    try {
      super.write(path, text);
    } catch (error) {
      this.failed(irq, (error as FileError).code);
      throw error;
    }
    this.written(irq);
  }
}
