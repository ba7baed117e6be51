// Simulated hosts with running guests for the reconciler: in memory, or as a directory tree whose masks are symbolic
// links to a file in procfs, so that reading one costs as much as on a real host.
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { formatCpuset, parseMask } from '../dist/library/index.js';
import { RealFs } from '../dist/modules/src/host/real-fs.js';
import { readDomainXml } from '../dist/modules/src/libvirt/domain-xml.js';
import { SimulatedKernel, writeTree } from '../dist/modules/test/simulator/index.js';
import { folder } from './measure.mjs';

/** A mask that does not change during the benchmark: the default for new interrupts. */
const MASK = '/proc/irq/default_smp_affinity';
const list = formatCpuset(parseMask(readFileSync(MASK, 'utf8')) ?? []);
const hex = (value, digits) => value.toString(16).padStart(digits, '0');
const addressOf = (index) => `0000:${hex(index >> 5, 2)}:${hex(index & 31, 2)}.0`;
const uuidOf = (guest) => `00000000-0000-4000-8000-${hex(guest, 12)}`;

/** Guests with four devices and eight vCPUs each. By default their CPUs are those where the interrupts already are. */
export function describe(devices, perDevice, { cpus = list, vectors = true } = {}) {
  const addresses = Array.from({ length: devices }, (_, index) => addressOf(index));
  const guests = Array.from({ length: Math.ceil(devices / 4) }, (_, guest) => ({
    name: `guest-${guest}`,
    uuid: uuidOf(guest),
    pid: 4_000_000 + guest * 100,
    vcpus: Array.from({ length: 8 }, (_, vcpu) => ({ vcpu, cpus })),
  }));
  const interrupts = (device) =>
    Array.from({ length: vectors ? perDevice : 0 }, (_, vector) => ({
      irq: 100 + device * perDevice + vector,
      type: 'msix',
      affinity: cpus,
    }));
  const kernel = new SimulatedKernel({
    cpus: { present: '0-255' },
    devices: addresses.map((address, index) => ({ address, driver: 'vfio-pci', interrupts: interrupts(index) })),
    domains: guests,
  });
  const texts = guests.map(({ name, uuid }, guest) => xmlOf(name, uuid, addresses.slice(guest * 4, guest * 4 + 4)));
  const definitions = texts.map((text) => readDomainXml(Buffer.from(text)));
  return { kernel, texts, definitions, addresses, guests };
}

function xmlOf(name, uuid, addresses) {
  const hostdevs = addresses.map((address) => {
    const [domain, bus, slot, fn] = address.split(/[:.]/).map((part) => `0x${part}`);
    const source = `<address domain='${domain}' bus='${bus}' slot='${slot}' function='${fn}'/>`;
    return `<hostdev mode='subsystem' type='pci' cpuset='auto'><source>${source}</source></hostdev>`;
  });
  const head = `<name>${name}</name><uuid>${uuid}</uuid><vcpu>8</vcpu>`;
  return `<domain type='kvm'>${head}<devices>${hostdevs.join('')}</devices></domain>`;
}

/** Writes the tree to a directory, on a tmpfs if possible. Returns the path. */
export function layOut(kernel) {
  const path = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : folder, 'hostdev-cpuset-bench-'));
  writeTree(kernel, path);
  return path;
}

/**
 * The same with masks that cost as much as real ones. Only for filesBelow(): --root does not follow links to the
 * outside.
 */
export function layOutLinked({ kernel, guests }) {
  const path = layOut(kernel);
  const link = (file, target) => {
    rmSync(join(path, file));
    symlinkSync(target, join(path, file));
  };
  for (const irq of kernel.interrupts.keys()) link(`proc/irq/${irq}/smp_affinity`, MASK);
  for (const { pid, vcpus } of guests) {
    for (const { vcpu } of vcpus) link(`proc/${pid}/task/${pid + 1 + vcpu}/status`, '/proc/self/status');
  }
  return path;
}

/**
 * The files below a folder. With --root a link to the kernel's own files would lead to nothing; here it is followed.
 */
export function filesBelow(path) {
  const files = new RealFs();
  return {
    read: (name) => files.read(`${path}${name}`),
    readTrusted: (name) => files.readTrusted(`${path}${name}`),
    list: (name) => files.list(`${path}${name}`),
    countFolders: (name) => files.countFolders(`${path}${name}`),
    link: (name) => files.link(`${path}${name}`),
    open: (name) => files.open(`${path}${name}`),
    openToWrite: (name) => files.openToWrite(`${path}${name}`),
  };
}

/** A state store in memory, because access to the disk is not to be measured. */
export function memoryStates() {
  const states = new Map();
  return {
    read: (uuid) => states.get(uuid),
    has: (uuid) => states.has(uuid),
    write: (uuid, state) => void states.set(uuid, state),
    remove: (uuid) => void states.delete(uuid),
    list: () => [...states.keys()],
  };
}
