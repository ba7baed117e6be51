import { mkdirSync } from 'node:fs';
import { Container, type RuntimeConfig } from './container.js';
import { resetByPort } from './guest.js';
import { GuestDriver } from './guest-driver.js';
import { connectable } from './libvirt.js';
import { Qtest } from './qtest.js';
import { LOCKED_BYTES, type SessionDomain, SLOT, sessionEnvironment, writeSessionFiles } from './session-libvirt.js';
import { vfioNodes } from './vfio-binding.js';
import { eventually } from './wait.js';

/** The user of libvirt and QEMU: libvirt-qemu here, 107 in KubeVirt. */
const USER = { uid: 64055, gid: 101 };

export interface PodOptions extends Omit<SessionDomain, 'name' | 'sockets'> {
  uid: string;
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
      (image) => writeSessionFiles(image, USER, { ...options, name: domain, sockets: '/run' }),
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
  program.user = USER;
  program.env = sessionEnvironment('', '/run');
  program.capabilities = {};
  // as virt-handler raises it
  program.rlimits = [{ type: 'RLIMIT_MEMLOCK', hard: LOCKED_BYTES, soft: LOCKED_BYTES }];
  config.root.readonly = false;
  for (const destination of ['/run', '/tmp']) {
    const options = ['mode=755', `uid=${USER.uid}`, `gid=${USER.gid}`];
    config.mounts.push({ destination, type: 'tmpfs', source: 'tmpfs', options });
  }
  linux.cgroupsPath = `/kubepods/burstable/pod${uid}/compute`;
  // as the CPU manager of kubelet gives dedicated CPUs
  linux.resources.cpu = { cpus: vcpus.join() };
  linux.devices = vfioNodes(address).map((node) => ({ ...node, fileMode: 0o600, ...USER }));
  const rules = linux.devices.map(({ type, major, minor }) => ({ allow: true, type, major, minor, access: 'rw' }));
  linux.resources.devices = [...(linux.resources.devices ?? []), ...rules];
}
