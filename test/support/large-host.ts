/**
 * A host with this many CPUs on two nodes as text for `--root`, and guests with four pinned vCPUs and a device each as
 * XML.
 */
export function largeHost(
  cpus: number,
  guests: number,
): { description: string; domains: { name: string; xml: string }[] } {
  const half = cpus / 2;
  const vcpusPer = Math.min(4, half);
  const list = Array.from({ length: guests }, (_, index) => {
    const node = index % 2;
    const first = node * half + ((Math.floor(index / 2) * vcpusPer) % half);
    // Every fifth device is on the other node.
    return { name: `vnf-${index}`, index, first, deviceNode: index % 5 === 4 ? 1 - node : node };
  });
  const devices = list.map(({ index, first, deviceNode }) => ({
    address: addressOf(index),
    driver: 'vfio-pci',
    numaNode: deviceNode,
    interrupts: [0, 1, 2, 3].map((vector) => {
      const stray = vector === 3 && index % 3 === 0;
      const cpu = stray ? 0 : first + (vector % vcpusPer);
      const asked = stray ? '0-1' : `${first}-${first + vcpusPer - 1}`;
      const counts = { [cpu]: 1000 + ((index * 7919 + vector * 104_729) % 900_000) };
      return { irq: 100 + index * 4 + vector, type: 'msix', affinity: asked, effective: `${cpu}`, counts };
    }),
  }));
  const description = JSON.stringify({
    cpus: { present: `0-${cpus - 1}` },
    nodes: [
      { node: 0, cpus: `0-${half - 1}` },
      { node: 1, cpus: `${half}-${cpus - 1}` },
    ],
    devices,
  });
  return {
    description,
    domains: list.map(({ name, index, first }) => ({ name, xml: domainXml(name, index, first, vcpusPer) })),
  };
}

const addressOf = (index: number) => `0000:${(index + 16).toString(16).padStart(2, '0')}:00.0`;

function domainXml(name: string, index: number, first: number, vcpus: number): string {
  const pins = Array.from({ length: vcpus }, (_, vcpu) => `<vcpupin vcpu='${vcpu}' cpuset='${first + vcpu}'/>`);
  return `<domain type='kvm'><name>${name}</name><memory>1</memory><vcpu>${vcpus}</vcpu><cputune>${pins.join('')}</cputune>
<os><type>hvm</type></os><devices><hostdev mode='subsystem' type='pci' cpuset='auto'>
<source><address domain='0' bus='${index + 16}' slot='0' function='0'/></source></hostdev></devices></domain>\n`;
}
