import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { SimulatedKernel } from '../simulator/kernel.js';
import { SimulatedFs } from '../simulator/kernel-fs.js';
import { TemporaryFolder } from '../support/temporary-folder.js';
import { A, guest, hostdev, hostOf, Simulated, vfio } from './simulated-pass.js';

const reads = suite('system calls of a pass');

class Counting extends SimulatedFs {
  readonly calls: string[] = [];
  override read(path: string): string | undefined {
    this.calls.push(`read ${path}`);
    return super.read(path);
  }
  override list(path: string): string[] | undefined {
    this.calls.push(`list ${path}`);
    return super.list(path);
  }
  override link(path: string): string | undefined {
    this.calls.push(`link ${path}`);
    return super.link(path);
  }
  protected override write(irq: number, text: string, form: 'mask' | 'list'): void {
    this.calls.push(`write /proc/irq/${irq}/smp_affinity`);
    super.write(irq, text, form);
  }
}

/** The accesses that a pass makes for one more vector. */
function perInterrupt(passes: number): string[] {
  const folder = new TemporaryFolder();
  try {
    const [one, two] = [[41], [41, 42]].map((irqs) => {
      const kernel: SimulatedKernel = hostOf([vfio(A, ...irqs)]);
      const files = new Counting(kernel);
      const pass = new Simulated(kernel, folder.join(`${irqs.length}`), { files });
      const own = guest(hostdev(A, '2-3'));
      for (let i = 0; i < passes; i++) {
        files.calls.length = 0;
        // Counts are read only for display.
        Object.assign(pass.host, { counts: false });
        pass.enforce(own);
      }
      return files.calls;
    });
    const rest = [...(two ?? [])];
    for (const call of one ?? []) rest.splice(rest.indexOf(call), 1);
    return rest;
  } finally {
    folder.remove();
  }
}

reads('an interrupt that is already placed costs three reads', () => {
  assert.equal(perInterrupt(2).sort(), [
    'read /proc/irq/42/effective_affinity',
    'read /proc/irq/42/smp_affinity',
    'read /sys/kernel/irq/42/actions',
  ]);
});

reads('an interrupt that is written costs six more accesses: verify, write, read back', () => {
  assert.equal(perInterrupt(1).slice(3), [
    `link /sys/bus/pci/devices/${A}/driver`,
    'read /sys/kernel/irq/42/actions',
    'write /proc/irq/42/smp_affinity',
    'read /proc/irq/42/smp_affinity',
    'read /proc/irq/42/effective_affinity',
    'read /sys/kernel/irq/42/actions',
  ]);
});

reads.run();
