import { readSettings } from '../../affinity/read-settings.js';
import type { Definition } from '../../domain/definition.js';
import { hidesProcesses } from '../../host/hidepid.js';
import { readIrqbalance } from '../../host/irqbalance.js';
import { RealFs } from '../../host/real-fs.js';
import { readSnapshot } from '../../host/snapshot.js';
import { hostFindings } from '../../lint/host-rules/index.js';
import type { Finding } from '../../lint/rule.js';
import { assertHost } from '../host/assert-host.js';

/**
 * `lint-domain --host`: checks definitions against this host, or the tree below `root`.
 * @throws ToolError if there is no host or its configuration is invalid; FileError, also for each definition, if a file
 * cannot be read
 */
export function openLintHost(root: string | undefined): (definition: Definition) => Finding[] {
  const files = new RealFs(root);
  assertHost(files, root);
  const settings = readSettings(files);
  // hidepid hides it from ordinary users: then that rule reports nothing
  const irqbalance = hidesProcesses(files) ? undefined : readIrqbalance(files);
  return (definition) => {
    const { name, uuid, devices } = definition;
    const addresses = devices.flatMap(({ source }) => source?.address ?? []);
    const snapshot = readSnapshot(files, { name, uuid, addresses });
    for (const error of snapshot.unreadable?.values() ?? []) throw error;
    return hostFindings(definition, { ...settings, snapshot, irqbalance });
  };
}
