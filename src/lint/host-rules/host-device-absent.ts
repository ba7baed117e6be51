import { type HostRule, placedDevices } from './host-rule.js';

export const hostDeviceAbsent: HostRule = {
  name: 'host-device-absent',
  severity: 'error',
  summary: 'the host has no device with this PCI address',
  check(definition, host, report) {
    for (const { device, host: found } of placedDevices(definition, host)) {
      if (found || !device.source?.address) continue;
      const { start, openEnd } = definition.document.rangeOf(device.source.node);
      report({ offset: start, end: openEnd, message: `this host has no PCI device ${device.source.address}` });
    }
  },
};
