import { isBanned } from '../../host/irqbalance.js';
import { isVfioDriver } from '../../host/pci-device.js';
import { type HostRule, placedDevices } from './host-rule.js';

export const hostIrqbalance: HostRule = {
  name: 'host-irqbalance',
  severity: 'warning',
  summary: 'irqbalance runs and may move the interrupts away',
  check(definition, host, report) {
    const { irqbalance } = host;
    if (!irqbalance) return;
    for (const { device, host: found, place } of placedDevices(definition, host)) {
      // a device of the host's, before the domain starts, has other interrupts than it will have
      const driver = isVfioDriver(found?.device.driver) ? (found?.device.driver ?? '') : 'vfio-pci';
      const irqs = isVfioDriver(found?.device.driver) ? (found?.interrupts ?? []).map(({ irq }) => irq) : [];
      const isSafe =
        irqs.length > 0 ? irqs.every((irq) => isBanned(irqbalance, irq, driver)) : isBanned(irqbalance, -1, driver);
      if (isSafe) continue;
      const whose = device.source?.address ?? 'this interface';
      const message = `irqbalance (pid ${irqbalance.pid}) is not told to leave the interrupts of ${whose} alone, and moves them`;
      report({ ...place, message, hint: 'start it with --banmod=vfio, or with a policy script' });
    }
  },
};
