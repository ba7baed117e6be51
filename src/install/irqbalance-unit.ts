import { POLICY_FOLDER } from '../runtime/irqbalance-device-list.js';
import { readBelow } from './prefix.js';

const UNIT_DIRECTORIES = ['/etc/systemd/system', '/usr/lib/systemd/system', '/lib/systemd/system'];
/** The configuration files of distributions. They have precedence over our drop-in. */
const CONFIGURATIONS = ['/etc/default/irqbalance', '/etc/sysconfig/irqbalance'];

/** What the administrator has to do so that irqbalance uses our policy script. One line each; empty without irqbalance. */
export function irqbalanceHints(prefix: string): string[] {
  const unit = UNIT_DIRECTORIES.map((directory) => `${directory}/irqbalance.service`).find(
    (path) => readBelow(path, prefix) !== undefined,
  );
  if (!unit) return [];
  const option = `--policyscript=${POLICY_FOLDER}`;
  const command = /^ExecStart=.*$/m.exec(readBelow(unit, prefix) ?? '')?.[0] ?? '';
  const configuration = CONFIGURATIONS.find((path) =>
    /^\s*(?:export\s+)?IRQBALANCE_ARGS=\s*["']?[^\s"']/m.test(readBelow(path, prefix) ?? ''),
  );
  if (/policyscript|\s-\w*l\b/.test(command))
    return [`irqbalance has another policy script (${unit}): call ours from it`];
  if (!command.includes('IRQBALANCE_ARGS'))
    return [`irqbalance's unit does not use IRQBALANCE_ARGS (${unit}): add ${option}`];
  if (configuration) return [`${configuration} sets IRQBALANCE_ARGS, which has precedence: add ${option} to it`];
  return ['irqbalance uses the policy script after its next start: systemctl try-restart irqbalance'];
}
