import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { POLICY_FOLDER } from '../runtime/irqbalance-device-list.js';

const UNITS = ['/etc/systemd/system', '/usr/lib/systemd/system', '/lib/systemd/system'];
/** Where distributions let people configure it; these have precedence over our drop-in. */
const CONFIGURATIONS = ['/etc/default/irqbalance', '/etc/sysconfig/irqbalance'];

/** What a person has to do so that irqbalance asks our script; nothing where the drop-in will do. Each is one line. */
export function irqbalanceHints(prefix: string): string[] {
  const path = (name: string) => join(prefix || '/', name);
  const unit = UNITS.map((folder) => path(`${folder}/irqbalance.service`)).find(existsSync);
  if (!unit) return [];
  const option = `--policyscript=${POLICY_FOLDER}`;
  const command = /^ExecStart=.*$/m.exec(readFileSync(unit, 'utf8'))?.[0] ?? '';
  const own = CONFIGURATIONS.filter((name) => existsSync(path(name))).find((name) =>
    /^\s*(?:export\s+)?IRQBALANCE_ARGS=\s*["']?[^\s"']/m.test(readFileSync(path(name), 'utf8')),
  );
  if (/policyscript|\s-\w*l\b/.test(command))
    return [`irqbalance has a policy script of its own (${unit}): ours has to be called from it`];
  if (!command.includes('IRQBALANCE_ARGS'))
    return [`irqbalance's unit takes no IRQBALANCE_ARGS (${unit}): give it ${option}`];
  if (own) return [`${own} sets IRQBALANCE_ARGS, which has precedence: add ${option} to it`];
  return ['irqbalance asks the policy from its next start on: systemctl try-restart irqbalance'];
}
