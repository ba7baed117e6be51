import * as assert from 'uvu/assert';
import { applyPlan } from '../../../src/affinity/apply-plan.js';
import type { DeviceReport, DomainReport, InterruptReport } from '../../../src/affinity/report.js';
import { RealFs } from '../../../src/host/real-fs.js';
import { HOST_DISK } from '../inside/devices.js';
import { othersOnTheHost } from '../inside/expect.js';
import { interruptsOf } from '../inside/kernel-files.js';
import { scene } from '../inside/scene.js';

scene(
  'managed interrupts of the host’s nvme, offered by a doctored plan, are refused before the kernel has to',
  async (rig) => {
    const before = othersOnTheHost();
    const managed = interruptsOf(HOST_DISK).filter(
      ({ handlers }) => !handlers.includes('nvme0q0') && !handlers.includes('nvme1q0'),
    );
    assert.ok(managed.length > 0, 'the host’s nvme has managed interrupts');
    const [first] = managed.map(({ irq }) => irq) as [number];
    assert.throws(() => new RealFs().openToWrite(`/proc/irq/${first}/smp_affinity`).write('8\n'), /EIO|EPERM/);

    const interrupts = managed.map(
      ({ irq, handlers, affinity }): InterruptReport => ({
        ...{ irq, handlers, affinity, type: 'msix', vector: 0, effective: null, wanted: '3' },
        ...{ action: 'set', reason: null, error: null, counts: {} },
      }),
    );
    const { report, writes } = applyPlan(new RealFs(), doctored(interrupts), () => {});
    const outcome = report.devices[0]?.interrupts.map(({ action, reason, error }) => ({ action, reason, error }));
    const refused = { action: 'skip', reason: "the device's driver is nvme, not VFIO", error: null };
    assert.equal(
      outcome,
      managed.map(() => refused),
    );
    assert.equal(writes, []);
    assert.is(othersOnTheHost(), before);
    const written = rig.trace.take().filter(({ kind, irq }) => kind === 'affinity' && irq !== first);
    assert.equal(written, []);
  },
);

/** A plan that no host would give. */
function doctored(interrupts: InterruptReport[]): DomainReport {
  const device: DeviceReport = {
    ...{ address: HOST_DISK, alias: null, cpus: '3', numaNode: null, interrupts, problems: [] },
    ...{ element: 'hostdev' as const, policy: 'cpuset' as const, origin: 'entry' as const },
  };
  return { name: 'doctored', uuid: null, vcpuCpus: null, vcpuSource: 'definition', devices: [device], problems: [] };
}
