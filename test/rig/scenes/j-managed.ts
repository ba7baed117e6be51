import * as assert from 'uvu/assert';
import { applyPlan } from '../../../src/affinity/apply-plan.js';
import type { DevicePlan, DomainPlan, InterruptPlan } from '../../../src/affinity/domain-plan.js';
import type { PciAddress } from '../../../src/domain/address.js';
import { parseCpuList } from '../../../src/domain/cpu-mask.js';
import { cpusetOf } from '../../../src/domain/cpuset.js';
import { RealFs } from '../../../src/host/real-fs.js';
import { HOST_DISK } from '../inside/devices.js';
import { othersOnTheHost } from '../inside/expect.js';
import { interruptsOf } from '../inside/kernel-files.js';
import { scene } from '../inside/scene.js';

scene(
  "managed interrupts of the host's nvme in a manipulated plan are skipped before the kernel rejects the write",
  async (rig) => {
    const before = othersOnTheHost();
    const managed = interruptsOf(HOST_DISK).filter(
      ({ handlers }) => !handlers.includes('nvme0q0') && !handlers.includes('nvme1q0'),
    );
    assert.ok(managed.length > 0, 'the host’s nvme has managed interrupts');
    const [first] = managed.map(({ irq }) => irq) as [number];
    assert.throws(() => new RealFs().openToWrite(`/proc/irq/${first}/smp_affinity`).write('8\n'), /EIO|EPERM/);

    const interrupts = managed.map(
      ({ irq, handlers, affinity }): InterruptPlan => ({
        ...{ irq, handlers, affinity: parseCpuList(affinity) ?? null, type: 'msix', vector: 0, effective: null },
        ...{ wanted: cpusetOf([3]), target: cpusetOf([3]), vcpu: null, posting: { state: 'unknown', vcpu: null } },
        ...{ action: 'set', reason: null, error: null, counts: {} },
      }),
    );
    const { applied, writes } = applyPlan(doctored(interrupts), { files: new RealFs(), pause: () => {} });
    const outcome = applied.devices[0]?.interrupts.map(({ action, reason, error }) => ({ action, reason, error }));
    const refused = { action: 'skip', reason: { code: 'not-vfio', driver: 'nvme' }, error: null };
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

/** A plan that no real host would give. */
function doctored(interrupts: InterruptPlan[]): DomainPlan {
  const device: DevicePlan = {
    ...{
      address: HOST_DISK as PciAddress,
      alias: null,
      cpus: cpusetOf([3]),
      spread: null,
      numaNode: null,
      locality: undefined,
      preferred: [],
      interrupts,
      problems: [],
    },
    isUnreadable: false,
    ...{ element: 'hostdev' as const, policy: 'cpuset' as const, origin: 'entry' as const },
  };
  const vcpus = { source: 'definition', cpus: undefined, because: 'unpinned' } as const;
  return { name: 'doctored', uuid: null, vcpus, devices: [device], problems: [] };
}
