import { devicesWithPolicy, type HostRule } from './context.js';

export const hostDriver: HostRule = {
  name: 'host-driver',
  severity: 'warning',
  summary: 'the domain is running, but the driver of a device is not VFIO',
  check(definition, host, report) {
    if (!host.snapshot.threads) return;
    for (const { device, host: found } of devicesWithPolicy(definition, host)) {
      if (!found || !device.source || found.device.vfio !== 'no') continue;
      const { start, openEnd } = device.source.node;
      const { address, driver } = found.device;
      const bound =
        driver === undefined
          ? 'has no driver, and so no interrupts'
          : `is bound to ${driver}, not to VFIO: its interrupts belong to the host`;
      report({ offset: start, end: openEnd, message: `the domain is running, but ${address} ${bound}` });
    }
  },
};
