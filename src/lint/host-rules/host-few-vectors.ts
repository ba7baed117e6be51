import type { DeviceSnapshot } from '../../host/snapshot.js';
import { vfioOwnership } from '../../host/vfio-handlers.js';
import { devicesWithPolicy, type HostRule } from './context.js';

export const hostFewVectors: HostRule = {
  name: 'host-few-vectors',
  severity: 'note',
  summary:
    'spread has no effect on a device: it has no MSI-X vectors at present, a single one, or only control vectors',
  check(definition, host, report) {
    for (const { device, policy, host: found, place } of devicesWithPolicy(definition, host)) {
      const problem = policy.spread && found && problemOf(found, policy.controlVectors);
      if (!problem) continue;
      const range = device.attribute?.ranges.get('spread');
      report({ ...(range ? { offset: range.start, end: range.end } : place), ...problem });
    }
  },
};

/** As vectorTarget() decides. A guest need not have requested all vectors of the device, nor the first ones. */
function problemOf(
  { device: { address, irqs }, interrupts }: DeviceSnapshot,
  controlVectors: number,
): { severity?: 'warning'; message: string } | undefined {
  // with another driver the vectors are not those of the guest
  const own = interrupts.flatMap(({ type, details }) => {
    const owned = vfioOwnership(details?.handlers ?? [], address);
    return owned.ours ? { type, vector: owned.vector } : [];
  });
  const [first] = own;
  if (!first) return undefined;
  const set = 'all CPUs of the policy';
  if (first.type === 'intx') return { message: `${address} uses its INTx line at present: it gets ${set}` };
  if (first.type === 'msi') return { message: `${address} uses MSI, not MSI-X, at present: its interrupts get ${set}` };
  if (irqs.length === 1) return { message: `${address} has a single vector at present: it gets ${set}` };
  const last = Math.max(...own.map(({ vector }) => vector ?? 0));
  if (controlVectors <= last) return undefined;
  const message = `${address} uses only vector${last === 0 ? ' 0' : `s 0 to ${last}`} at present, and controlVectors is ${controlVectors}: each gets ${set}`;
  return { severity: 'warning', message };
}
