import { type Cpuset, intersect } from '../../domain/cpuset.js';
import { parseCpuset } from '../../domain/parse-cpuset.js';
import { attributeOf } from '../../xml/attributes.js';
import type { XmlElement } from '../../xml/element.js';
import { select } from '../../xml/select.js';
import type { HostRule } from './context.js';
import { absentInWords, inWords } from './format.js';

/** sched_setaffinity(2) takes CPUs that are not there, as long as one is; else libvirt gives up (measured with 9.0). */
export const hostVcpupinUnusable: HostRule = {
  name: 'host-vcpupin-unusable',
  severity: 'error',
  summary: 'a vCPU is pinned to CPUs that the host does not have, or that are offline',
  check({ document, vcpuPinning }, { snapshot: { topology } }, report) {
    const check = (node: XmlElement, set: Cpuset, who: string | undefined) => {
      const range = attributeOf(document, node, 'cpuset');
      const gone = absentInWords(set, topology);
      const rest = intersect(set, topology.online);
      if (!range || gone.length === 0 || (rest.length > 0 && !who)) return;
      report({
        offset: range.valueStart,
        end: range.valueEnd,
        severity: rest.length > 0 ? 'warning' : 'error',
        message: `${gone.join(', ')}: ${rest.length > 0 ? `${who} would run on ${inWords(rest)}` : 'the domain cannot start'}`,
      });
    };
    const { pins, vcpus, maxVcpus = Number.POSITIVE_INFINITY } = vcpuPinning;
    // before the pins, as in most documents
    const [common] = select('/domain/vcpu', document);
    const set = common && parseCpuset(common.getAttribute('cpuset') ?? '');
    const isFollowed = vcpus.some(({ source }) => source === 'vcpu');
    // without an emulatorpin QEMU starts on it, even where every vCPU has a pin of its own (measured, too)
    const isStart = !select('/domain/cputune/emulatorpin', document)[0];
    if (common && set?.ok && common.getAttribute('placement') !== 'auto' && (isFollowed || isStart)) {
      const who = pins.length > 0 ? 'the vCPUs without a pin of their own' : 'the vCPUs';
      check(common, set.set, isFollowed ? who : undefined);
    }
    for (const { node, vcpu, cpus } of pins) {
      if (vcpu !== undefined && vcpu < maxVcpus && cpus) check(node, cpus, `vCPU ${vcpu}`);
    }
  },
};
