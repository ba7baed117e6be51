/** A minimal domain with these devices and this placement that is valid for libvirt's schema. */
export function domain(devices: string, placement = ''): string {
  const head = "<domain type='kvm'>\n  <name>guest</name>\n  <memory unit='GiB'>1</memory>\n";
  const os = "  <os>\n    <type arch='x86_64'>hvm</type>\n  </os>\n";
  return `${head}${placement}${os}  <devices>\n${devices}  </devices>\n</domain>\n`;
}

/** A PCI hostdev with this cpuset attribute, on one line. */
export function hostdev(cpuset: string, slot = 1): string {
  const address = `<address domain='0x0000' bus='0x06' slot='0x${slot.toString(16).padStart(2, '0')}' function='0x0'/>`;
  return `    <hostdev cpuset='${cpuset}' mode='subsystem' type='pci'><source>${address}</source></hostdev>\n`;
}

export const GOOD = domain(hostdev('0-3'));
/** One error: cpuset-syntax at 8:22. */
export const BAD = domain(hostdev('3-0'));
/** One warning: auto-unpinned. */
export const DOUBTFUL = domain(hostdev('auto'));
