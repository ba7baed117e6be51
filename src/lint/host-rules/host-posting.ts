import { devicesWithPolicy, type HostRule } from './context.js';

export const hostPosting: HostRule = {
  name: 'host-posting',
  severity: 'note',
  summary: 'the host can post interrupts to vCPUs: of those that it posts, a policy changes nothing',
  check(definition, host, report) {
    const { posting } = host;
    // host-device-absent reports a device that the host does not have
    const [first] = devicesWithPolicy(definition, host).filter(({ device, host: found }) => found || !device.source);
    if (!posting?.possible || !first) return;
    const message = `interrupts may be posted to running vCPUs, and the policy changes nothing for those: ${posting.evidence}`;
    report({ ...first.place, message });
  },
};
