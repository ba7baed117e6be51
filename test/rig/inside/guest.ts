import { writeFileSync } from 'node:fs';
import { GuestDriver } from './guest-driver.js';
import { hex } from './guest-pci.js';
import { virsh } from './libvirt.js';
import { Qtest } from './qtest.js';
import { run } from './run.js';
import { eventually } from './wait.js';

export interface PassedThrough {
  /** of the host's device */
  address: string;
  /** in the guest, on its bus 0: 5 or more */
  slot: number;
  /** false: the device has vfio-pci on the host, always */
  managed?: boolean;
  /** attributes; absent: no attribute */
  cpuset?: string;
  spread?: 'yes' | 'no';
  controlVectors?: string;
}

export interface GuestOptions {
  devices: PassedThrough[];
  /** a cpuset for each vCPU, starting at 0; default: one that is not pinned */
  vcpus?: string[];
  default?: 'auto' | 'native';
}

/**
 * A libvirt domain with passed-through devices. Its QEMU is real, its vCPUs never run: the scenes act as its software.
 */
export class Guest {
  /** default and definition -> normalized */
  static readonly #normalized = new Map<string, string>();
  #qtest: Qtest | undefined;

  constructor(
    readonly name: string,
    private readonly options: GuestOptions,
  ) {}

  /**
   * Defines the domain like a user: the policy as an attribute, normalized, and checked with libvirt's schema. Later
   * definitions use only virsh, to save time.
   */
  async start(): Promise<void> {
    const file = `/tmp/${this.name}.xml`;
    const xml = domainXml(this.name, this.options);
    writeFileSync(file, xml);
    const key = `${this.options.default} ${xml}`;
    writeFileSync(file, Guest.#normalized.get(key) ?? (await this.#normalize(key, file)));
    await virsh(`define --validate ${file}; start --paused ${this.name}`);
    this.#qtest = await Qtest.connect(socketOf(this.name));
  }

  /** Removes the domain, whatever its state. */
  async remove(): Promise<void> {
    this.#qtest?.close();
    await virsh(`destroy ${this.name}; undefine ${this.name}`).catch(() => {});
  }

  /** The driver for the device in a slot. A reset disables it: load it again. */
  driver(slot: number): GuestDriver {
    return new GuestDriver(this.qtest, slot);
  }

  /** The guest's kernel writes to the port that resets a PC. */
  async reboot(): Promise<void> {
    await resetByPort(this.qtest);
  }

  async reset(): Promise<void> {
    await virsh('reset', this.name);
  }

  async attach(...devices: PassedThrough[]): Promise<void> {
    await virsh(devices.map((one) => `attach-device ${this.name} ${this.#deviceFile(one)} --live`).join('; '));
  }

  /** The same by our command, as a device may have a policy. */
  async attachWithPolicy(device: PassedThrough): Promise<void> {
    await run('hostdev-cpuset', 'attach', this.name, this.#deviceFile(device), '--live');
  }

  /** The guest's kernel gets an ACPI request to release the device, and ejects it. */
  async detach(device: PassedThrough): Promise<void> {
    const asked = virsh('detach-device', this.name, this.#deviceFile(device), '--live');
    await this.qtest.command(`outl ${EJECT_BUS} 0`);
    await eventually(async () => {
      const wanted = Number(await this.qtest.command(`inl ${EJECT_WANTED}`));
      if (!(wanted & (1 << device.slot))) throw new Error(`the guest was not told to eject slot ${device.slot}`);
    });
    await this.qtest.command(`outl ${EJECT} ${hex(1 << device.slot)}`);
    await asked;
  }

  get qtest(): Qtest {
    if (!this.#qtest) throw new Error(`${this.name} has not been started`);
    return this.#qtest;
  }

  async #normalize(key: string, file: string): Promise<string> {
    const more = this.options.default ? ['--default', this.options.default] : [];
    if (Guest.#normalized.size > 0) more.push('--no-check');
    const normalized = await run('hostdev-cpuset', 'normalize', ...more, file);
    Guest.#normalized.set(key, normalized);
    return normalized;
  }

  #deviceFile(device: PassedThrough): string {
    const file = `/tmp/${this.name}-${device.slot}.xml`;
    writeFileSync(file, hostdevXml(device));
    return file;
  }
}

/** Writes to the port that resets a PC. */
export async function resetByPort(qtest: Qtest): Promise<void> {
  await qtest.command('outb 0xcf9 0x2');
  await qtest.command('outb 0xcf9 0x6');
}

/** Ports of i440fx's ACPI for PCI hotplug: the bus, the slots to eject, and the ejected ones. */
const EJECT_BUS = '0xae10';
const EJECT_WANTED = '0xae04';
const EJECT = '0xae08';

const EMULATOR = process.arch === 'x64' ? '/usr/bin/qemu-system-x86_64' : '/rig/emulator.sh';

const socketOf = (name: string) => `/run/${name}.qtest`;

/** i440fx: its devices are on bus 0, without bridges that firmware would have to configure. */
export function domainXml(name: string, { devices, vcpus }: GuestOptions): string {
  const pins = (vcpus ?? []).map((cpuset, vcpu) => `<vcpupin vcpu='${vcpu}' cpuset='${cpuset}'/>`);
  return `<domain type='qemu' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>
  <name>${name}</name>
  <memory unit='MiB'>64</memory>
  <vcpu>${vcpus?.length ?? 1}</vcpu>
  <cputune>${pins.join('')}</cputune>
  <os><type arch='x86_64' machine='pc'>hvm</type></os>
  <features><acpi/></features>
  <on_reboot>restart</on_reboot>
  <devices>
    <emulator>${EMULATOR}</emulator>
    <controller type='usb' model='none'/>
    <memballoon model='none'/>
${devices.map(hostdevXml).join('')}  </devices>
  <qemu:commandline>
    <qemu:arg value='-qtest'/>
    <qemu:arg value='unix:${socketOf(name)},server=on,wait=off'/>
    <qemu:arg value='-qtest-log'/>
    <qemu:arg value='/dev/null'/>
  </qemu:commandline>
</domain>
`;
}

function hostdevXml({ address, slot, managed = true, cpuset, spread, controlVectors }: PassedThrough): string {
  const [domain, bus, device, fn] = address.split(/[:.]/);
  const stated = Object.entries({ cpuset, spread, controlVectors }).filter(([, value]) => value !== undefined);
  const policy = stated.map(([name, value]) => ` ${name}='${value}'`).join('');
  return `    <hostdev mode='subsystem' type='pci' managed='${managed ? 'yes' : 'no'}'${policy}>
      <source><address domain='0x${domain}' bus='0x${bus}' slot='0x${device}' function='0x${fn}'/></source>
      <rom bar='off'/>
      <address type='pci' domain='0x0000' bus='0x00' slot='0x${slot.toString(16).padStart(2, '0')}' function='0x0'/>
    </hostdev>
`;
}
