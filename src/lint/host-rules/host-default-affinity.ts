import { subtract, union } from '../../domain/cpuset.js';
import { devicesWithPolicy, type HostRule } from './context.js';
import { inWords } from './format.js';

export const hostDefaultAffinity: HostRule = {
  name: 'host-default-affinity',
  severity: 'note',
  summary: 'interrupts are born outside of the CPUs that they are to go to, and stay there until they are placed',
  check(definition, host, report) {
    const { defaultAffinity } = host.snapshot.topology;
    // a device that is not there is host-device-absent's
    const placed = devicesWithPolicy(definition, host).filter(({ device, host: found }) => found || !device.source);
    const [first] = placed;
    if (!defaultAffinity || !first) return;
    const outside = subtract(union(...placed.map(({ used }) => used)), defaultAffinity);
    if (outside.length === 0) return;
    const message = `interrupts begin on ${inWords(defaultAffinity)} here, and reach ${inWords(outside)} only once they are placed`;
    report({ ...first.place, message });
  },
};
