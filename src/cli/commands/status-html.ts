import { hostname } from 'node:os';
import { planDomain } from '../../affinity/reconcile-domain.js';
import { plainDefinition } from '../../domain/plain-definition.js';
import { readVcpuThreads } from '../../host/qemu-threads.js';
import { readTopology } from '../../host/topology.js';
import { statusPage as pageOf } from '../../report/html/page.js';
import { writeOutputFile } from '../files/write-file.js';
import { type EnforceOptions, openHost, readDomain, sourcesOf } from '../host/domain-source.js';
import { EXIT, type Io } from '../io.js';
import { watcherText } from '../status/watcher-line.js';

/** `status --html`: writes the page to a file, or to standard output; returns the exit status. */
export function statusPage(options: EnforceOptions, path: string, io: Io): number {
  const host = openHost(options, io);
  const read = sourcesOf(options, io).map((source) => readDomain(source, io));
  const definitions = read.flatMap((definition) => definition ?? []);
  const plans = definitions.map((definition) => planDomain(host, plainDefinition(definition)));
  const vcpus = definitions.map(({ name, uuid, placement }) => {
    const { threads = [] } = readVcpuThreads(host.files, name, uuid) ?? {};
    // without names they do not show which vCPU is where
    return threads.length > 0 ? threads : placement.vcpus;
  });
  const topology = readTopology(host.files);
  const name = options.root === undefined ? hostname() : (host.files.read('/etc/hostname')?.trim() ?? options.root);
  const takenAt = new Date()
    .toISOString()
    .replace(/\.\d+Z$/, 'Z')
    .replace('T', ' ');
  const page = pageOf({ plans, topology, vcpus, host: name, takenAt, watcher: watcherText(options.root, io) });
  if (path === '-') io.stdout.write(page);
  else writeOutputFile(path, page);
  return read.includes(undefined) ? EXIT.findings : EXIT.ok;
}
