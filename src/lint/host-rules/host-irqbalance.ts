import { type Irqbalance, isBanned } from '../../host/irqbalance.js';
import type { DeviceSnapshot } from '../../host/snapshot.js';
import { devicesWithPolicy, type HostRule, isOnHost, type PlacedDevice } from './context.js';

/** Maximum number of devices named in a message; the others are counted. */
const MAX_NAMED_DEVICES = 3;

export const hostIrqbalance: HostRule = {
  name: 'host-irqbalance',
  severity: 'warning',
  summary: 'irqbalance runs and does not ban the interrupts: it may move them',
  check(definition, host, report) {
    const { irqbalance } = host;
    if (!irqbalance) return;
    const exposed = devicesWithPolicy(definition, host).filter(
      (device) => isOnHost(device) && !areBanned(device.host, irqbalance),
    );
    const [first] = exposed;
    if (!first) return;
    const { pid } = irqbalance;
    const message = `irqbalance (pid ${pid}) does not ban the interrupts of ${listed(exposed)}: it may move them`;
    report({ ...first.place, message, hint: 'start irqbalance with --banmod=vfio or with a policy script' });
  },
};

/**
 * Before the domain starts, the device has other interrupts than with VFIO, so only a ban of the VFIO driver is
 * relevant.
 */
function areBanned(found: DeviceSnapshot | undefined, irqbalance: Irqbalance): boolean {
  const driver = found?.device.driver;
  if (!found || driver === undefined || found.device.vfio !== 'yes') return isBanned(irqbalance, undefined, 'vfio-pci');
  if (found.interrupts.length === 0) return isBanned(irqbalance, undefined, driver);
  return found.interrupts.every(({ irq }) => isBanned(irqbalance, irq, driver));
}

function listed(devices: readonly PlacedDevice[]): string {
  const names = devices.map(({ device }) => device.source?.address ?? device.identity?.value ?? device.label);
  const rest = names.length - MAX_NAMED_DEVICES;
  if (rest > 1) return `${names.slice(0, MAX_NAMED_DEVICES).join(', ')} and ${rest} more devices`;
  return names.length === 1 ? `${names[0]}` : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}
