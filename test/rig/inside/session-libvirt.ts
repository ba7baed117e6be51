import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { domainXml } from './guest.js';
import { CAPABILITIES } from './libvirt.js';

/** VFIO pins the guest's memory. libvirt asks for no less than 1 GiB more than that. */
export const LOCKED_BYTES = 2 * 2 ** 30;
/** of the device in the guest */
export const SLOT = 5;

const QEMU_CONF = `
security_driver = "none"
stdio_handler = "file"
capability_filters = ["cpu-unavailable-features"]
`;

export interface SessionDomain {
  name: string;
  /** a device that is bound to vfio-pci */
  address: string;
  /** the CPUs of the vCPUs, one each */
  vcpus: string[];
  /** the element in the domain's metadata */
  policy: string;
  /** the directory of QEMU's qtest socket */
  sockets: string;
}

interface User {
  uid: number;
  gid: number;
}

/** Writes what a libvirt in session mode reads below a root directory, and the domain to /etc/domain.xml there. */
export function writeSessionFiles(root: string, { uid, gid }: User, domain: SessionDomain): void {
  const { name, address, vcpus, policy, sockets } = domain;
  for (const folder of ['etc/libvirt', 'var/cache']) mkdirSync(`${root}/${folder}`, { recursive: true });
  // an ordinary user cannot bind a device to vfio-pci
  const xml = domainXml(name, { vcpus, devices: [{ address, slot: SLOT }] })
    .replace("managed='yes'", "managed='no'")
    .replace('unix:/run/', `unix:${sockets}/`)
    .replace('</name>', `</name>\n  <metadata>${policy}</metadata>`);
  writeFileSync(`${root}/etc/domain.xml`, xml);
  writeFileSync(`${root}/etc/libvirt/qemu.conf`, QEMU_CONF);
  if (existsSync(CAPABILITIES))
    cpSync(CAPABILITIES, `${root}/var/cache/libvirt/qemu/cache/capabilities`, { recursive: true });
  for (const folder of ['etc/libvirt', 'var/cache'])
    execFileSync('chown', ['-R', `${uid}:${gid}`, `${root}/${folder}`]);
}

/** The environment of such a libvirt. */
export const sessionEnvironment = (root: string, runtime: string): string[] => [
  'PATH=/usr/sbin:/usr/bin',
  `XDG_RUNTIME_DIR=${runtime}`,
  `XDG_CONFIG_HOME=${root}/etc`,
  `XDG_CACHE_HOME=${root}/var/cache`,
  'HOME=/tmp',
  'LANG=C.UTF-8',
];
