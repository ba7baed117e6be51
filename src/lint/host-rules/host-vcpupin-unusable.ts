import { type Cpuset, intersect } from '../../domain/cpuset.js';
import { parseCpuset } from '../../domain/parse-cpuset.js';
import { attributeOf } from '../../xml/attributes.js';
import type { XmlElement } from '../../xml/element.js';
import { select } from '../../xml/select.js';
import type { HostRule } from './context.js';
import { formatCpus, formatUnusable } from './format.js';

/** sched_setaffinity(2) accepts absent CPUs if at least one is online; otherwise libvirt fails (measured with 9.0). */
export const hostVcpupinUnusable: HostRule = {
  name: 'host-vcpupin-unusable',
  severity: 'error',
  summary: 'a vCPU is pinned to CPUs that the host does not have, or that are offline',
  check({ document, vcpuPinning }, { snapshot: { topology } }, report) {
    const check = (node: XmlElement, set: Cpuset, vcpuLabel: string | undefined) => {
      const range = attributeOf(document, node, 'cpuset');
      const unusable = formatUnusable(set, topology);
      const usable = intersect(set, topology.online);
      if (!range || unusable.length === 0 || (usable.length > 0 && !vcpuLabel)) return;
      const result = usable.length > 0 ? `${vcpuLabel} would run on ${formatCpus(usable)}` : 'the domain cannot start';
      report({
        offset: range.valueStart,
        end: range.valueEnd,
        severity: usable.length > 0 ? 'warning' : 'error',
        message: `${unusable.join(', ')}: ${result}`,
      });
    };
    const { pins, vcpus, maxVcpus = Number.POSITIVE_INFINITY } = vcpuPinning;
    // first, because `<vcpu>` precedes the pins in most documents
    const [vcpuElement] = select('/domain/vcpu', document);
    const set = vcpuElement && parseCpuset(vcpuElement.getAttribute('cpuset') ?? '');
    const isUsedByVcpus = vcpus.some(({ source }) => source === 'vcpu');
    // without an emulatorpin QEMU starts on these CPUs, even if each vCPU has its own pin (measured with 9.0)
    const isUsedByQemu = !select('/domain/cputune/emulatorpin', document)[0];
    if (vcpuElement && set?.ok && vcpuElement.getAttribute('placement') !== 'auto' && (isUsedByVcpus || isUsedByQemu)) {
      const vcpuLabel = pins.length > 0 ? 'the vCPUs without a vcpupin' : 'the vCPUs';
      check(vcpuElement, set.set, isUsedByVcpus ? vcpuLabel : undefined);
    }
    for (const { node, vcpu, cpus } of pins) {
      if (vcpu !== undefined && vcpu < maxVcpus && cpus) check(node, cpus, `vCPU ${vcpu}`);
    }
  },
};
