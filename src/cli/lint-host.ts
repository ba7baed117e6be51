import type { Definition } from '../domain/definition.js';
import { FileError } from '../host/files.js';
import { readIrqbalance } from '../host/irqbalance.js';
import { RootFiles } from '../host/root-files.js';
import { readSnapshot } from '../host/snapshot.js';
import { hostFindings } from '../lint/host-rules/index.js';
import type { Finding } from '../lint/rule.js';
import { ToolError } from './io.js';
import { assertHost } from './open-host.js';
import { readSettings } from './read-settings.js';

/**
 * `lint-domain --host`: what this host, or the tree below `root`, has to say about definitions.
 * @throws ToolError, then and at each definition, where the host or its configuration cannot be read
 */
export function openLintHost(root: string | undefined): (definition: Definition) => Finding[] {
  const files = new RootFiles(root);
  const host = readable(() => {
    assertHost(files, root);
    const settings = readSettings(files);
    return { irqbalance: readIrqbalance(files), default: settings?.default, allowedCpus: settings?.allowedCpus };
  });
  return (definition) => {
    const { name, uuid, devices } = definition;
    const addresses = devices.flatMap(({ source }) => source?.address ?? []);
    const snapshot = readable(() => readSnapshot(files, { name, uuid, addresses }));
    return hostFindings(definition, { snapshot, ...host });
  };
}

function readable<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw error instanceof FileError ? new ToolError(error.message) : error;
  }
}
