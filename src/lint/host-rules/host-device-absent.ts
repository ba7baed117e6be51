import type { HostRule } from './context.js';

/** Reported for any policy: without the device the domain does not start. */
export const hostDeviceAbsent: HostRule = {
  name: 'host-device-absent',
  severity: 'error',
  summary: 'the host has no device with this PCI address',
  check({ devices }, { snapshot }, report) {
    for (const { source, placeable } of devices) {
      if (!placeable || !source?.address || snapshot.devices.has(source.address)) continue;
      const { start, openEnd } = source.node;
      report({ offset: start, end: openEnd, message: `this host has no PCI device ${source.address}` });
    }
  },
};
