import { readSettings } from '../../affinity/read-settings.js';
import type { Definition } from '../../domain/definition.js';
import { readIrqbalance } from '../../host/irqbalance.js';
import { RealFs } from '../../host/real-fs.js';
import { readSnapshot } from '../../host/snapshot.js';
import { hostFindings } from '../../lint/host-rules/index.js';
import type { Finding } from '../../lint/rule.js';
import { assertHost } from '../host/check-root.js';

/**
 * `lint-domain --host`: what this host, or the tree below `root`, has to say about definitions.
 * @throws ToolError where there is no host or its configuration is wrong; FileError, at each definition too, where it cannot be read
 */
export function openLintHost(root: string | undefined): (definition: Definition) => Finding[] {
  const files = new RealFs(root);
  assertHost(files, root);
  const settings = readSettings(files);
  const irqbalance = readIrqbalance(files);
  return (definition) => {
    const { name, uuid, devices } = definition;
    const addresses = devices.flatMap(({ source }) => source?.address ?? []);
    const snapshot = readSnapshot(files, { name, uuid, addresses });
    for (const error of snapshot.unreadable?.values() ?? []) throw error;
    const { default: standard, allowedCpus } = settings ?? {};
    return hostFindings(definition, { snapshot, irqbalance, default: standard, allowedCpus });
  };
}
