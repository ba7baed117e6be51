// Plans for 40 guests with 4,864 interrupts on 256 CPUs: with spread, and without. Each interrupt is where its policy
// wants it, as on a host at rest.
import { rmSync } from 'node:fs';
import { earlierWrites } from '../dist/modules/src/affinity/earlier-writes.js';
import { plan as planOf } from '../dist/modules/src/affinity/plan.js';
import { enforceDomain, planDomain } from '../dist/modules/src/affinity/reconcile-domain.js';
import { readSnapshot } from '../dist/modules/src/host/snapshot.js';
import { readDomainXml } from '../dist/modules/src/libvirt/domain-xml.js';
import { SimulatedKernel } from '../dist/modules/test/simulator/index.js';
import { filesBelow, layOut, memoryStates } from './managed-hosts.mjs';
import { inTurn, ms, report } from './measure.mjs';

const GUESTS = 40;
const DEVICES = 152;
const VECTORS = 32;
const VCPUS = 6;
/** On the guest's node; the guests are on two nodes in turn. */
const firstCpuOf = (guest) => (guest % 2) * 128 + (guest >> 1) * VCPUS;
const hex = (value, digits) => value.toString(16).padStart(digits, '0');
const addressOf = (device) => `0000:${hex(device >> 5, 2)}:${hex(device & 31, 2)}.0`;
const uuidOf = (guest) => `00000000-0000-4000-8000-${hex(guest, 12)}`;
const guestOf = (device) => device % GUESTS;

export default function plan() {
  const plain = new GuestsAtRest("cpuset='auto'");
  const spread = new GuestsAtRest("cpuset='auto' spread='yes' controlVectors='1'");
  try {
    for (const [name, way, rounds, most] of [
      ['plan: spread', 'plan', 15, 1.2],
      // some 0.3 ms of the 160 ms above: each vector has a target of its own, where plain compares one set with itself
      ['plan: spread, without reading', 'planSnapshots', 201, 1.5],
    ]) {
      const [plainTime, spreadTime] = inTurn(rounds, [() => plain[way](), () => spread[way]()], {
        warmUps: rounds >> 2,
      });
      const sides = `40 guests, 4,864 interrupts: plain ${ms(plainTime)}, spread ${ms(spreadTime)}`;
      report(name, sides, spreadTime / plainTime, { most });
    }
  } finally {
    for (const guests of [plain, spread]) guests.remove();
  }
}

class GuestsAtRest {
  constructor(policy) {
    this.path = layOut(kernelOfAll());
    this.definitions = Array.from({ length: GUESTS }, (_, guest) => readDomainXml(Buffer.from(xmlOf(guest, policy))));
    this.host = { files: filesBelow(this.path), state: memoryStates(), settings: {}, counts: false };
    for (const definition of this.definitions) enforceDomain(this.host, definition);
    const addressesOf = ({ devices }) => devices.map(({ address }) => address);
    this.snapshots = this.definitions.map((definition) =>
      readSnapshot(this.host.files, { ...definition, addresses: addressesOf(definition), counts: false }),
    );
  }

  /** Returns its CPU time in milliseconds. */
  plan() {
    return this.#timed((definition) => planDomain(this.host, definition));
  }

  /** The same from what was read before. */
  planSnapshots() {
    const { state, settings } = this.host;
    return this.#timed((definition, index) =>
      planOf(definition, this.snapshots[index], settings, earlierWrites(state.read(definition.uuid))),
    );
  }

  #timed(planDefinition) {
    const before = process.cpuUsage();
    const plans = this.definitions.map(planDefinition);
    const { user, system } = process.cpuUsage(before);
    const time = (user + system) / 1000;
    const interrupts = plans.flatMap(({ devices }) => devices.flatMap((device) => device.interrupts));
    const kept = interrupts.filter(({ action }) => action === 'keep').length;
    if (kept !== DEVICES * VECTORS) throw new Error(`${kept} of ${interrupts.length} in place`);
    return time;
  }

  remove() {
    rmSync(this.path, { recursive: true });
  }
}

function kernelOfAll() {
  const interrupts = (device) =>
    Array.from({ length: VECTORS }, (_, vector) => ({ irq: 100 + device * VECTORS + vector, type: 'msix' }));
  const vcpus = (guest) => Array.from({ length: VCPUS }, (_, vcpu) => ({ vcpu, cpus: `${firstCpuOf(guest) + vcpu}` }));
  return new SimulatedKernel({
    cpus: { present: '0-255' },
    nodes: [
      { node: 0, cpus: '0-127' },
      { node: 1, cpus: '128-255' },
    ],
    devices: Array.from({ length: DEVICES }, (_, device) => ({
      ...{ address: addressOf(device), driver: 'vfio-pci', numaNode: guestOf(device) % 2 },
      interrupts: interrupts(device),
    })),
    domains: Array.from({ length: GUESTS }, (_, guest) => ({
      ...{ name: `guest-${guest}`, uuid: uuidOf(guest), pid: 4_000_000 + guest * 100 },
      vcpus: vcpus(guest),
    })),
  });
}

function xmlOf(guest, policy) {
  const own = Array.from({ length: DEVICES }, (_, device) => device).filter((device) => guestOf(device) === guest);
  const hostdevs = own.map((device) => {
    const [domain, bus, slot, fn] = addressOf(device).split(/[:.]/);
    const source = `<address domain='0x${domain}' bus='0x${bus}' slot='0x${slot}' function='0x${fn}'/>`;
    return `<hostdev mode='subsystem' type='pci' ${policy}><source>${source}</source></hostdev>`;
  });
  const head = `<name>guest-${guest}</name><uuid>${uuidOf(guest)}</uuid><vcpu>${VCPUS}</vcpu>`;
  return `<domain type='kvm'>${head}<devices>${hostdevs.join('')}</devices></domain>`;
}
