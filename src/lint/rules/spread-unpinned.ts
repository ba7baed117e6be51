import { cpusetOf, equal, formatCpuset, has, size } from '../../domain/cpuset.js';
import { attributeOfPolicy, devicePolicies } from '../../domain/device-policies.js';
import type { VcpuAffinity } from '../../domain/vcpu-pinning.js';
import type { Rule } from '../rule.js';

export const spreadUnpinned: Rule = {
  name: 'spread-unpinned',
  severity: 'warning',
  summary: 'spread with auto, but the vCPUs are not pinned one by one: their vectors share CPUs',
  needsDomain: true,
  check(definition, report) {
    for (const stated of devicePolicies(definition).devices) {
      const { policy, device } = stated;
      if (!device.placeable || policy?.kind !== 'auto' || !policy.spread) continue;
      const { vcpus: counted } = policy;
      const vcpus = definition.vcpuPinning.vcpus.filter(({ vcpu }) => !counted || has(counted, vcpu));
      const range = attributeOfPolicy(definition.document, stated, 'spread');
      const problem = problemOf(vcpus);
      if (!range || !problem) continue;
      const { start: offset, end } = range;
      report({
        offset,
        end,
        message: problem,
        hint: "pin each vCPU to CPUs of its own: <vcpupin vcpu='…' cpuset='…'/>",
        oneCause: true,
      });
    }
  },
};

/** Undefined also if a vCPU is not pinned at all: auto-unpinned reports that. */
function problemOf(vcpus: readonly VcpuAffinity[]): string | undefined {
  if (vcpus.length < 2 || vcpus.some(({ source }) => source === 'host')) return undefined;
  const shared = cpusetOf(vcpus.filter(({ source }) => source !== 'vcpupin').map(({ vcpu }) => vcpu));
  if (size(shared) === vcpus.length) return 'no vCPU has a vcpupin: each vector would get the CPUs of all vCPUs';
  if (size(shared) === 1) return `vCPU ${formatCpuset(shared)} has no vcpupin: its vectors may share CPUs with others`;
  if (size(shared) > 1) return `vCPUs ${formatCpuset(shared)} have no vcpupin: their vectors would share CPUs`;
  const [first, ...others] = vcpus.map(({ cpus }) => cpus);
  if (!first || !others.every((cpus) => equal(cpus, first))) return undefined;
  return `the vCPUs are all pinned to CPU${size(first) === 1 ? '' : 's'} ${formatCpuset(first)}: each vector would get the same`;
}
