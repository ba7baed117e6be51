import type { DomainDescription, HostDescription, QemuDescription } from '../simulator/description.js';

export const POD_UID = '0f8e2c1a-7d3b-4c55-9a0e-1b2c3d4e5f60';
export const OTHER_POD_UID = '99999999-7d3b-4c55-9a0e-1b2c3d4e5f60';
const UUID = '6f0d1c2e-3b4a-5c6d-8e7f-001122334455';

/** The address of the device of a guest: 0 to 7. */
export const addressOf = (index: number) => `0000:06:00.${index}`;

/** The cgroup of a pod, as kubelet's systemd driver names it. */
export function cgroupOf(uid: string): string {
  const slice = `kubepods-burstable-pod${uid.replaceAll('-', '_')}.slice`;
  return `/kubepods.slice/kubepods-burstable.slice/${slice}/cri-containerd-0123.scope`;
}

/** The status file of a libvirt: the definition is inside. */
export function statusXml(
  entries: string,
  { pid = 77, name = 'default_vm', addresses = [addressOf(0)], head = '', metadata = '' } = {},
): string {
  const devices = addresses.map((address) => {
    const [domain, bus, slot, fn] = address.split(/[:.]/);
    return `<hostdev mode='subsystem' type='pci'><source>
      <address domain='0x${domain}' bus='0x${bus}' slot='0x${slot}' function='0x${fn}'/></source></hostdev>`;
  });
  return `<domstatus state='running' reason='booted' pid='${pid}'>
<domain type='kvm' id='1'>
  <name>${name}</name>
  <uuid>${UUID}</uuid>
  <metadata>${metadata}<hostdevs xmlns="urn:hostdev-cpuset:1"${head}>${entries}</hostdevs></metadata>
  <vcpu placement='static'>2</vcpu>
  <cputune><vcpupin vcpu='0' cpuset='7'/><vcpupin vcpu='1' cpuset='7'/></cputune>
  <devices>${devices.join('')}</devices>
</domain>
</domstatus>`;
}

/** A QEMU with one device, whose two vCPUs are on two CPUs. */
export function guest(
  index: number,
  process: QemuDescription,
  more: Partial<DomainDescription> = {},
): DomainDescription {
  return {
    name: 'default_vm',
    uuid: UUID.replace(/.$/, `${index}`),
    pid: 5000 + 100 * index,
    vcpus: [
      { vcpu: 0, cpus: '2' },
      { vcpu: 1, cpus: '3' },
    ],
    open: [addressOf(index)],
    process,
    ...more,
  };
}

/** What a libvirt has of the one guest that it runs. */
export function libvirtFiles(folder: string, xml: string, pid: number): Record<string, string> {
  return { [`${folder}/default_vm.xml`]: xml, [`${folder}/default_vm.pid`]: `${pid}\n` };
}

/** As KubeVirt runs one: libvirt and QEMU in a pod, with namespaces of their own. */
export function podGuest(index: number, xml: string, process: QemuDescription = {}): DomainDescription {
  return guest(index, {
    uid: 107,
    cgroup: cgroupOf(POD_UID),
    innerPid: 77,
    files: libvirtFiles('/run/libvirt/qemu/run', xml, 77),
    ...process,
  });
}

/** A host of eight CPUs with four devices, each of a group of its own, with two vectors. */
export function podsHost(domains: DomainDescription[], config?: object): HostDescription {
  const devices = [0, 1, 2, 3].map((index) => ({
    address: addressOf(index),
    driver: 'vfio-pci',
    iommuGroup: 20 + index,
    interrupts: [0, 1].map((vector) => ({ irq: 40 + 10 * index + vector, type: 'msix' as const })),
  }));
  const settings = config ? { '/etc/hostdev-cpuset/config.json': JSON.stringify(config) } : {};
  return {
    cpus: { present: '0-7' },
    devices,
    domains,
    files: {
      '/etc/passwd': 'root:x:0:0::/root:/bin/sh\nalice:x:1000:1000::/home/alice:/bin/sh',
      [`/var/log/pods/tenant-a_virt-launcher-vm-x_${POD_UID}/compute`]: '',
      ...settings,
    },
  };
}

export const SCOPES = { scopes: [{ namespaces: ['tenant-*'], cpus: '0-5' }] };
