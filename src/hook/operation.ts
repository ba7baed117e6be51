/**
 * What a call of libvirt's hook asks of us. Source: libvirt's docs/hooks.rst.
 * pass: place the interrupts of a running domain; check: may this domain start; release: put back what was changed.
 */
export type HookAction = 'pass' | 'check' | 'release';

const WORK: Record<string, HookAction> = {
  'prepare begin': 'check',
  'started begin': 'pass',
  // the daemon was restarted: once for each running domain
  'reconnect begin': 'pass',
  // not in `stopped`: the devices go back to the host's drivers after it, and with them the lines to put back
  'release end': 'release',
};

/** Undefined for what is not our business: start, restore, migrate, attach, and whatever libvirt comes to call. */
export function actionOf(operation: string, suboperation: string): HookAction | undefined {
  const call = `${operation} ${suboperation}`;
  return Object.hasOwn(WORK, call) ? WORK[call] : undefined;
}
