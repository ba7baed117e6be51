import { readSettings } from '../../affinity/read-settings.js';
import { union } from '../../domain/cpuset.js';
import type { Definition } from '../../domain/definition.js';
import { hidesProcesses } from '../../host/hidepid.js';
import { readIrqbalance } from '../../host/irqbalance.js';
import { readPosting } from '../../host/posting.js';
import { RealFs } from '../../host/real-fs.js';
import { readSnapshot } from '../../host/snapshot.js';
import { readCores, readTopology } from '../../host/topology.js';
import { hostFindings } from '../../lint/host-rules/index.js';
import { type GuestCpus, guestCpus, sharedCpuFindings } from '../../lint/host-rules/shared-cpus.js';
import type { Finding } from '../../lint/rule.js';
import { assertHost } from '../host/assert-host.js';

/** The checks of definitions against a host. */
export interface LintHostCheck {
  /** @throws FileError if a file of the host cannot be read */
  check(definition: Definition): { findings: Finding[]; guest: GuestCpus };
  /** findings about what guests share, by guest; guests that share nothing are absent */
  compare(guests: readonly GuestCpus[]): ReadonlyMap<GuestCpus, Finding[]>;
}

/**
 * `lint-domain --host`: checks definitions against this host, or the directory `root`.
 * @throws ToolError if there is no host or its configuration is invalid; FileError if a file cannot be read
 */
export function openLintHost(root: string | undefined): LintHostCheck {
  const files = new RealFs(root);
  assertHost(files, root);
  const settings = readSettings(files);
  const topology = readTopology(files);
  // hidepid hides irqbalance from ordinary users: that rule then reports nothing
  const irqbalance = hidesProcesses(files) ? undefined : readIrqbalance(files);
  const posting = readPosting(files);
  return {
    check(definition) {
      const { name, uuid, devices } = definition;
      const addresses = devices.flatMap(({ source }) => source?.address ?? []);
      const snapshot = readSnapshot(files, { name, uuid, addresses, topology });
      for (const error of snapshot.unreadable?.values() ?? []) throw error;
      const host = { ...settings, snapshot, irqbalance, posting };
      return { findings: hostFindings(definition, host), guest: guestCpus(definition, host) };
    },
    compare(guests) {
      const cpus = union(...guests.map(({ all }) => all));
      return sharedCpuFindings(guests, readCores(files, topology, cpus));
    },
  };
}
