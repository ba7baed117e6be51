import { isVfioDriver } from '../../host/pci-device.js';
import { type HostRule, placedDevices } from './host-rule.js';

export const hostDriver: HostRule = {
  name: 'host-driver',
  severity: 'warning',
  summary: "the domain runs, but a device's driver is not VFIO",
  check(definition, host, report) {
    if (!host.snapshot.threads) return;
    for (const { device, host: found } of placedDevices(definition, host)) {
      if (!found || !device.source || isVfioDriver(found.device.driver)) continue;
      const { start, openEnd } = definition.document.rangeOf(device.source.node);
      const driver = found.device.driver === undefined ? 'has no driver' : `is bound to ${found.device.driver}`;
      const message = `the domain runs, but ${device.source.address} ${driver}, not to a VFIO driver: it is not the domain's`;
      report({ offset: start, end: openEnd, message });
    }
  },
};
