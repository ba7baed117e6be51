import { readIrqbalance } from '../host/irqbalance.js';
import type { PseudoFs } from '../host/pseudo-fs.js';
import { isOurPolicy, POLICY_FOLDER } from '../runtime/irqbalance-device-list.js';
import { readBelow, statBelow } from './prefix.js';
import { findUnit } from './units.js';

/** The configuration files of distributions. They have precedence over our drop-in, also with an empty value. */
const CONFIGURATIONS = ['/etc/default/irqbalance', '/etc/sysconfig/irqbalance'];
const DROP_INS = ['/etc/systemd/system', '/usr/lib/systemd/system'].map(
  (directory) => `${directory}/irqbalance.service.d/hostdev-cpuset.conf`,
);
const OPTION = `--policyscript=${POLICY_FOLDER}`;
const RESTART = 'systemctl try-restart irqbalance';

/**
 * What the administrator must do so that irqbalance uses our policy script. One line each; empty without irqbalance.
 */
export function irqbalanceHints(prefix: string): string[] {
  const unit = findUnit('irqbalance.service', prefix);
  if (!unit) return [];
  return [obstacleTo(unit, prefix) ?? `irqbalance uses the policy script after its next start: ${RESTART}`];
}

/** Why our drop-in has no effect: one line; undefined: it has. */
function obstacleTo(unit: string, prefix: string): string | undefined {
  const command = /^ExecStart=.*$/m.exec(readBelow(unit, prefix) ?? '')?.[0] ?? '';
  if (/policyscript|\s-\w*l\b/.test(command))
    return `irqbalance has another policy script (${unit}): call hostdev-cpuset's from it`;
  if (!command.includes('IRQBALANCE_ARGS'))
    return `irqbalance's unit does not use IRQBALANCE_ARGS (${unit}): add ${OPTION}`;
  for (const path of CONFIGURATIONS) {
    // systemd uses the last one
    const value = [...(readBelow(path, prefix) ?? '').matchAll(/^[ \t]*IRQBALANCE_ARGS=(.*)$/gm)].at(-1)?.[1];
    if (value === undefined || value.includes(OPTION)) continue;
    const what = /^\s*(?:""|'')?\s*$/.test(value) ? 'sets IRQBALANCE_ARGS to nothing' : 'sets IRQBALANCE_ARGS';
    return `${path} ${what}, which has precedence: add ${OPTION} to it, then ${RESTART}`;
  }
  return undefined;
}

/**
 * For `status`: why a running irqbalance does not use our policy script although it is installed. One line; undefined
 * if it does, or if no irqbalance is visible.
 */
export function irqbalanceProblem(files: PseudoFs): string | undefined {
  const prefix = files.root;
  if (!DROP_INS.some((path) => statBelow(path, prefix))) return undefined;
  const irqbalance = readIrqbalance(files);
  if (!irqbalance || isOurPolicy(irqbalance.policyScript)) return undefined;
  const unit = findUnit('irqbalance.service', prefix);
  const remedy = (unit && obstacleTo(unit, prefix)) ?? RESTART;
  return `irqbalance (pid ${irqbalance.pid}) does not use the policy script: ${remedy}`;
}
