import { DEFAULT_SETTINGS } from '../../../src/affinity/settings.js';
import { type Cpus, cpusOfList } from './cpus.js';

/** What decides on a device's CPUs. */
export interface Question {
  /** as in the attribute; undefined: none */
  policy: string | undefined;
  /** CPU lists of the vCPUs */
  pins: readonly string[];
  /** CPUs of the device's node; none if that is unknown */
  near: Cpus;
  online: Cpus;
  /** the host's allowedCpus */
  allowed: Cpus;
}

const { locality = 'any' } = DEFAULT_SETTINGS as { locality?: 'any' | 'device' };

/** Where a policy wants interrupts, as docs/policies.md says it and without any code of the product's; 0: they may be anywhere. */
export function wantedCpus({ policy, pins, near, online, allowed }: Question): Cpus {
  if (policy === undefined || policy === 'native') return 0;
  if (policy !== 'auto') return cpusOfList(policy) & online & allowed;
  const asked = cpusOfPins(pins);
  if ((online & ~asked) === 0) return 0;
  const usable = asked & online & allowed;
  return locality === 'device' && (usable & near) !== 0 ? usable & near : usable;
}

/** Names of the problems that `plan` reports about a policy, of those that are the same whichever node the device is on. */
export function problemsOf({ policy, pins, online, allowed }: Question): string[] {
  if (policy === undefined || policy === 'native') return [];
  const asked = policy === 'auto' ? cpusOfPins(pins) : cpusOfList(policy);
  if (policy === 'auto' && (online & ~asked) === 0) return ['auto-unpinned'];
  const usable = asked & online & allowed;
  if (usable === 0) return ['no-usable-cpu'];
  return usable === asked ? [] : ['cpus-left-out'];
}

function cpusOfPins(pins: readonly string[]): Cpus {
  return pins.reduce((cpus, list) => cpus | cpusOfList(list), 0);
}
