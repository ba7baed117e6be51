import { type Irqbalance, isBanned } from '../../host/irqbalance.js';
import { isVfioDriver } from '../../host/pci-device.js';
import type { DeviceSnapshot } from '../../host/snapshot.js';
import { devicesWithPolicy, type HostRule, type PlacedDevice } from './context.js';

/** Devices that a message names; it counts the others. */
const NAMED = 3;

export const hostIrqbalance: HostRule = {
  name: 'host-irqbalance',
  severity: 'warning',
  summary: 'irqbalance runs without a ban for the interrupts, and may move them away',
  check(definition, host, report) {
    const { irqbalance } = host;
    if (!irqbalance) return;
    const exposed = devicesWithPolicy(definition, host).filter(
      // a device that is not there is host-device-absent's
      ({ device, host: found }) => (found || !device.source) && !isSafe(found, irqbalance),
    );
    const [first] = exposed;
    if (!first) return;
    const { pid } = irqbalance;
    const message = `irqbalance (pid ${pid}) runs without a ban for the interrupts of ${listed(exposed)}: it may move them away`;
    report({ ...first.place, message, hint: '--banmod=vfio, or a policy script, among the options of irqbalance' });
  },
};

/** Before the domain starts, a device of the host's has other interrupts than it will have: only its driver to be can be banned. */
function isSafe(found: DeviceSnapshot | undefined, irqbalance: Irqbalance): boolean {
  const driver = found?.device.driver;
  if (!found || driver === undefined || !isVfioDriver(driver)) return isBanned(irqbalance, undefined, 'vfio-pci');
  if (found.interrupts.length === 0) return isBanned(irqbalance, undefined, driver);
  return found.interrupts.every(({ irq }) => isBanned(irqbalance, irq, driver));
}

function listed(devices: readonly PlacedDevice[]): string {
  const names = devices.map(({ device }) => device.source?.address ?? device.identity?.value ?? device.label);
  const rest = names.length - NAMED;
  if (rest > 1) return `${names.slice(0, NAMED).join(', ')} and ${rest} devices more`;
  return names.length === 1 ? `${names[0]}` : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}
