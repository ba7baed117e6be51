import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { Container, type RuntimeConfig } from './container.js';
import { domainXml, resetByPort } from './guest.js';
import { GuestDriver } from './guest-driver.js';
import { CAPABILITIES, connectable } from './libvirt.js';
import { Qtest } from './qtest.js';
import { vfioNodes } from './vfio-binding.js';
import { eventually } from './wait.js';

/** The user of libvirt and QEMU: libvirt-qemu here, 107 in KubeVirt. */
const USER = 64055;
const GROUP = 101;
const GIB = 2 ** 30;
/** of its device in the guest */
const SLOT = 5;

const QEMU_CONF = `
security_driver = "none"
stdio_handler = "file"
capability_filters = ["cpu-unavailable-features"]
`;

export interface PodOptions {
  uid: string;
  /** a device that is bound to vfio-pci */
  address: string;
  /** the CPUs of the vCPUs, one each */
  vcpus: string[];
  /** the element in the domain's metadata */
  policy: string;
}

/**
 * A pod as KubeVirt's virt-launcher: a container below a cgroup of kubelet, in which an unprivileged user runs a
 * libvirt in session mode and, by it, a QEMU with one device of the host.
 */
export class Pod {
  /** A reset disables it: load it again. */
  readonly driver: GuestDriver;

  private constructor(
    private readonly container: Container,
    private readonly domain: string,
    private readonly qtest: Qtest,
  ) {
    this.driver = new GuestDriver(qtest, SLOT);
  }

  static async start(name: string, options: PodOptions): Promise<Pod> {
    const domain = `default_${name}`;
    // kubelet makes it, with the logs of the containers
    mkdirSync(`/var/log/pods/default_virt-launcher-${name}_${options.uid}/compute`, { recursive: true });
    const container = await Container.start(
      name,
      (config) => configure(config, options),
      (image) => fill(image, domain, options),
    );
    try {
      await eventually(() => connectable(container.path('/run/libvirt/libvirt-sock')));
      await virsh(container, 'create', '--paused', '/etc/domain.xml');
      return new Pod(container, domain, await Qtest.connect(container.path(`/run/${domain}.qtest`)));
    } catch (error) {
      await container.remove();
      throw error;
    }
  }

  /** The path by which the host reaches the status file of the pod's libvirt. */
  get statusFile(): string {
    return this.container.path(`/run/libvirt/qemu/run/${this.domain}.xml`);
  }

  /** By its libvirt. */
  async reset(): Promise<void> {
    await virsh(this.container, 'reset', this.domain);
  }

  /** By the guest's kernel. */
  async reboot(): Promise<void> {
    await resetByPort(this.qtest);
  }

  async remove(): Promise<void> {
    this.qtest.close();
    await this.container.remove();
  }
}

const virsh = (container: Container, ...words: string[]) =>
  container.exec('virsh', '--connect', 'qemu:///session', ...words);

function configure(config: RuntimeConfig, { uid, address, vcpus }: PodOptions): void {
  const { process: program, linux } = config;
  // the shell takes the zombies of libvirtd's children
  program.args = ['sh', '-c', 'libvirtd; exit'];
  program.user = { uid: USER, gid: GROUP };
  program.env = [
    'PATH=/usr/sbin:/usr/bin',
    'XDG_RUNTIME_DIR=/run',
    'XDG_CONFIG_HOME=/etc',
    'XDG_CACHE_HOME=/var/cache',
  ];
  program.env.push('HOME=/tmp', 'LANG=C.UTF-8');
  program.capabilities = {};
  // VFIO pins the guest's memory: virt-handler raises the limit, to no less than libvirt asks for, 1 GiB more than that
  program.rlimits = [{ type: 'RLIMIT_MEMLOCK', hard: 2 * GIB, soft: 2 * GIB }];
  config.root.readonly = false;
  for (const destination of ['/run', '/tmp']) {
    const options = ['mode=755', `uid=${USER}`, `gid=${GROUP}`];
    config.mounts.push({ destination, type: 'tmpfs', source: 'tmpfs', options });
  }
  linux.cgroupsPath = `/kubepods/burstable/pod${uid}/compute`;
  // as the CPU manager of kubelet gives dedicated CPUs
  linux.resources.cpu = { cpus: vcpus.join() };
  linux.devices = vfioNodes(address).map((node) => ({ ...node, fileMode: 0o600, uid: USER, gid: GROUP }));
  const rules = linux.devices.map(({ type, major, minor }) => ({ allow: true, type, major, minor, access: 'rw' }));
  linux.resources.devices = [...(linux.resources.devices ?? []), ...rules];
}

function fill(image: string, domain: string, { address, vcpus, policy }: PodOptions): void {
  // the device plugin of KubeVirt finds devices that are bound to vfio-pci already
  const xml = domainXml(domain, { vcpus, devices: [{ address, slot: SLOT }] })
    .replace("managed='yes'", "managed='no'")
    .replace('</name>', `</name>\n  <metadata>${policy}</metadata>`);
  writeFileSync(`${image}/etc/domain.xml`, xml);
  for (const folder of ['etc/libvirt', 'var/cache']) mkdirSync(`${image}/${folder}`);
  writeFileSync(`${image}/etc/libvirt/qemu.conf`, QEMU_CONF);
  if (existsSync(CAPABILITIES)) {
    const folder = `${image}/var/cache/libvirt/qemu/cache`;
    cpSync(CAPABILITIES, `${folder}/capabilities`, { recursive: true });
  }
  for (const folder of ['etc/libvirt', 'var/cache'])
    execFileSync('chown', ['-R', `${USER}:${GROUP}`, `${image}/${folder}`]);
}
