import type { Element } from '@xmldom/xmldom';
import { type Cpuset, intersect } from '../../domain/cpuset.js';
import { parseCpuset } from '../../domain/parse-cpuset.js';
import { attributeOf } from '../../xml/attributes.js';
import { select } from '../../xml/select.js';
import { absentInWords, inWords } from './cpus-in-words.js';
import type { HostRule } from './host-rule.js';

/** sched_setaffinity(2) takes CPUs that are not there, as long as one is. */
export const hostVcpupinUnusable: HostRule = {
  name: 'host-vcpupin-unusable',
  severity: 'error',
  summary: 'a vCPU is pinned to CPUs that the host does not have, or that are offline',
  check({ document, placement }, { snapshot: { topology } }, report) {
    const check = (node: Element, set: Cpuset, who: string) => {
      const range = attributeOf(document, node, 'cpuset');
      const gone = absentInWords(set, topology);
      if (!range || gone.length === 0) return;
      const rest = intersect(set, topology.online);
      const result = rest.length > 0 ? `would run on ${inWords(rest)}` : 'could not run';
      report({
        offset: range.valueStart,
        end: range.valueEnd,
        severity: rest.length > 0 ? 'warning' : 'error',
        message: `${gone.join(', ')}: ${who} ${result}`,
      });
    };
    const { pins, vcpus, maxVcpus = Number.POSITIVE_INFINITY } = placement;
    // before the pins, as in most documents; only where a vCPU goes by it
    const [common] = vcpus.some(({ source }) => source === 'vcpu') ? select('/domain/vcpu', document.dom) : [];
    const set = common && parseCpuset(common.getAttribute('cpuset') ?? '');
    if (common && set?.ok)
      check(common, set.set, pins.length > 0 ? 'the vCPUs without a pin of their own' : 'the vCPUs');
    for (const { node, vcpu, cpus } of pins) {
      if (vcpu !== undefined && vcpu < maxVcpus && cpus) check(node, cpus, `vCPU ${vcpu}`);
    }
  },
};
