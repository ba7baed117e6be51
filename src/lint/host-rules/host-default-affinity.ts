import { formatCpuset, subtract } from '../../domain/cpuset.js';
import { type HostRule, placedDevices } from './host-rule.js';

export const hostDefaultAffinity: HostRule = {
  name: 'host-default-affinity',
  severity: 'note',
  summary: "interrupts are born outside of the vCPUs' CPUs, and stay there until they are placed",
  check(definition, host, report) {
    const { defaultAffinity } = host.snapshot.topology;
    const vcpus = host.snapshot.threads?.cpus ?? definition.placement.cpus;
    const [first] = placedDevices(definition, host);
    if (!defaultAffinity || !vcpus || !first) return;
    const outside = subtract(vcpus, defaultAffinity);
    if (outside.length === 0) return;
    const born = formatCpuset(defaultAffinity);
    const message = `new interrupts begin on CPU ${born}, which leaves out the vCPUs' CPU ${formatCpuset(outside)}`;
    report({ ...first.place, message, hint: 'nothing is wrong: an isolated host is set up so (irqaffinity=, tuned)' });
  },
};
