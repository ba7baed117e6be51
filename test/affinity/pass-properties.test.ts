import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { releaseDomain } from '../../src/affinity/release.js';
import { parseCpuList } from '../../src/domain/cpu-mask.js';
import { type Cpuset, cpusetOf, EMPTY, formatCpuset, has, isSubset } from '../../src/domain/cpuset.js';
import type { DomainReport } from '../../src/report/report.js';
import type { DeviceDescription, HostDescription } from '../simulator/description.js';
import { SimulatedKernel } from '../simulator/kernel.js';
import { TemporaryFolder } from '../support/temporary-folder.js';
import { guest, hostdev, interrupts, Simulated, UUID } from './simulated-pass.js';

const properties = suite('properties of a pass');
const CPUS = 40;
const ADDRESSES = [6, 7, 8, 9, 10].map((bus) => `0000:${bus.toString(16).padStart(2, '0')}:00.0`);

const cpus = fc
  .uniqueArray(fc.nat(CPUS - 1), { minLength: 1, maxLength: 8 })
  .map((list) => formatCpuset(cpusetOf(list)));
const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });

/** The handlers of an IRQ: only VFIO's for the device (undefined), none, or others. */
const handlers = fc.oneof(
  { weight: 6, arbitrary: fc.constant(undefined) },
  fc.constantFrom<string[]>([], ['ahci'], ['vfio-msix[0](0000:3f:00.0)'], ['vfio-intx(0000:3f:00.0)', 'ahci']),
);
const device = fc.record({
  driver: fc.oneof(
    { weight: 5, arbitrary: fc.constantFrom('vfio-pci', 'mlx5_vfio_pci') },
    fc.constantFrom('nvme', undefined),
  ),
  numaNode: maybe(fc.nat(1)),
  line: fc.boolean(),
  vectors: fc.array(fc.record({ handlers, affinity: maybe(cpus), managed: maybe(fc.constant(true)) }), {
    maxLength: 4,
  }),
});
const error = fc.constantFrom('EBUSY', 'EAGAIN', 'ENOSPC', 'ENOENT', 'EPERM', 'EIO', 'EINVAL');

const scene = fc.record({
  devices: fc.array(device, { maxLength: ADDRESSES.length }),
  policies: fc.array(fc.oneof(fc.constantFrom(undefined, 'auto', 'native'), cpus), { minLength: 5, maxLength: 5 }),
  settings: fc.record(
    {
      default: fc.constantFrom('auto' as const, 'native' as const),
      allowed: cpus,
      locality: fc.constantFrom('device' as const, 'any' as const),
    },
    { requiredKeys: [] },
  ),
  offline: fc.uniqueArray(fc.integer({ min: 1, max: CPUS - 1 }), { maxLength: 10 }),
  placement: maybe(cpus),
  refusals: fc.array(fc.tuple(fc.integer({ min: 100, max: 120 }), fc.array(error, { minLength: 1, maxLength: 4 }))),
});
type Scene = typeof scene extends fc.Arbitrary<infer T> ? T : never;

function hostFrom({ devices, offline }: Scene): HostDescription {
  let irq = 100;
  const described = devices.map(({ driver, numaNode, line, vectors }, index): DeviceDescription => {
    const interrupts = (line ? vectors.slice(0, 1) : vectors).map((vector) => ({
      irq: irq++,
      type: line ? ('intx' as const) : ('msix' as const),
      ...defined(vector),
    }));
    return { address: ADDRESSES[index] as string, ...defined({ driver, numaNode }), interrupts };
  });
  const online = Array.from({ length: CPUS }, (_, cpu) => cpu).filter((cpu) => !offline.includes(cpu));
  const half = CPUS / 2;
  return {
    cpus: { present: `0-${CPUS - 1}`, online: formatCpuset(cpusetOf(online)) },
    nodes: [
      { node: 0, cpus: `0-${half - 1}` },
      { node: 1, cpus: `${half}-${CPUS - 1}` },
    ],
    devices: described,
    interrupts: [{ irq: 9, handlers: ['acpi'] }],
  };
}

type Defined<T> = { [K in keyof T]: Exclude<T[K], undefined> };
function defined<T extends object>(value: T): Defined<T> {
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as Defined<T>;
}

/** The policy's set, computed CPU by CPU, independently of src; undefined if nothing is to be written. */
function wantedBy(
  { placement, settings, offline }: Scene,
  policy: string | undefined,
  numaNode: number | undefined,
): Cpuset | undefined {
  const inForce = policy ?? settings.default ?? 'native';
  if (inForce === 'native' || (inForce === 'auto' && placement === undefined)) return undefined;
  const asked = parseCpuList(inForce === 'auto' ? (placement as string) : inForce) ?? EMPTY;
  const allowed = settings.allowed === undefined ? undefined : (parseCpuList(settings.allowed) ?? EMPTY);
  const left = Array.from({ length: CPUS }, (_, cpu) => cpu).filter(
    (cpu) => has(asked, cpu) && !offline.includes(cpu) && (!allowed || has(allowed, cpu)),
  );
  const near = left.filter((cpu) => (cpu < CPUS / 2 ? 0 : 1) === numaNode);
  const isLocal = inForce === 'auto' && settings.locality !== 'any' && near.length > 0;
  return left.length > 0 ? cpusetOf(isLocal ? near : left) : undefined;
}

const folder = new TemporaryFolder();
properties.after(() => folder.remove());
let runs = 0;

function check(given: Scene): void {
  const kernel = new SimulatedKernel(hostFrom(given));
  for (const [irq, codes] of given.refusals) kernel.failNextWrites(irq, ...codes);
  const { default: standard, allowed, locality } = given.settings;
  const settings = defined({
    default: standard,
    locality,
    allowedCpus: allowed === undefined ? undefined : parseCpuList(allowed),
  });
  const pass = new Simulated(kernel, folder.join(`${runs++}`), { settings });
  const placement = given.placement === undefined ? '<vcpu>2</vcpu>' : `<vcpu cpuset='${given.placement}'>2</vcpu>`;
  const definition = guest(ADDRESSES.map((address, index) => hostdev(address, given.policies[index])).join(''), {
    placement,
  });
  const before = new Map([...kernel.interrupts].map(([irq, { affinity }]) => [irq, formatCpuset(affinity)]));

  const report = pass.enforce(definition);
  checkPlaced(given, kernel, report);
  const touchable = new Set(
    [...interrupts(report).values()].filter(({ action }) => action === 'set').map(({ irq }) => irq),
  );
  for (const { irq } of kernel.writes) assert.ok(touchable.has(irq), `${irq} was written`);
  for (const [irq, mask] of before) {
    if (!touchable.has(irq)) assert.is(formatCpuset(kernel.interrupts.get(irq)?.affinity ?? EMPTY), mask, `${irq}`);
  }

  // The passes use up the remaining refusals; then there is nothing to do.
  for (let i = 0; i < 12; i++) pass.enforce(definition);
  pass.written();
  const last = pass.enforce(definition);
  assert.equal(pass.written(), [], 'another pass writes nothing');
  checkPlaced(given, kernel, last);

  releaseDomain(pass.host.files, pass.host.state, UUID);
  assert.equal(pass.host.state.list(), []);
}

/** Every VFIO interrupt of a device with a policy has its target, or the report says why not. */
function checkPlaced(given: Scene, kernel: SimulatedKernel, report: DomainReport): void {
  given.devices.forEach(({ driver, line, vectors, numaNode }, index) => {
    const address = ADDRESSES[index] as string;
    const wanted = wantedBy(given, given.policies[index], numaNode);
    const described = report.devices.find((device) => device.address === address);
    assert.is(described?.cpus ?? null, wanted ? formatCpuset(wanted) : null);
    assert.is(described?.interrupts.length, line ? Math.min(1, vectors.length) : vectors.length);
    for (const { irq, action, reason } of described?.interrupts ?? []) {
      const interrupt = kernel.interrupts.get(irq);
      const own = interrupt?.handlers.length === 1 && interrupt.handlers[0]?.endsWith(`(${address})`);
      if (!wanted || !own || !driver?.includes('vfio')) assert.is(action, 'skip');
      const placed = isSubset(interrupt?.affinity ?? EMPTY, wanted ?? EMPTY);
      if (action === 'set' || action === 'keep') assert.ok(own && placed, `${irq} ${action}`);
      else assert.ok(reason, `${irq} ${action} has no reason`);
    }
  });
}

properties('random hosts and policies', () => {
  fc.assert(fc.property(scene, check), { numRuns: 300 });
});

properties.run();
