import type { Definition } from '../domain/definition.js';
import { readIrqbalance } from '../host/irqbalance.js';
import { RootFiles } from '../host/root-files.js';
import { readSnapshot } from '../host/snapshot.js';
import { hostFindings } from '../lint/host-rules/index.js';
import type { Finding } from '../lint/rule.js';
import { assertHost } from './open-host.js';

/** `lint-domain --host`: what this host, or the tree below `root`, has to say about definitions. */
export function openLintHost(root: string | undefined): (definition: Definition) => Finding[] {
  const files = new RootFiles(root);
  assertHost(files, root);
  const irqbalance = readIrqbalance(files);
  return (definition) => {
    const { name, uuid, devices } = definition;
    const addresses = devices.flatMap(({ source }) => source?.address ?? []);
    return hostFindings(definition, { snapshot: readSnapshot(files, { name, uuid, addresses }), irqbalance });
  };
}
