import { readVcpuThreads } from '../../host/qemu-threads.js';
import { formatTime } from '../../report/html/format.js';
import { statusPage as pageOf } from '../../report/html/page.js';
import { writeOutputFile } from '../files/write-file.js';
import type { Io } from '../io.js';
import { StatusReader } from '../status/status-reader.js';
import { watcherText } from '../status/watcher-line.js';
import { exitStatusOf, type StatusOptions } from './status.js';

/** `status --html`: writes the page to a file, or to standard output; returns the exit status. */
export function statusPage(options: StatusOptions, path: string, io: Io): number {
  const reader = new StatusReader(options, io);
  const status = reader.read();
  io.stderr.write(status.complaint);
  const { plans, definitions, topology, name, time } = status;
  const vcpus = definitions.map((definition) => {
    const { threads = [] } = readVcpuThreads(reader.host.files, definition.name, definition.uuid) ?? {};
    // without thread names the CPUs of each vCPU are unknown
    return threads.length > 0 ? threads : definition.vcpuPinning.vcpus;
  });
  const contested = status.watcher?.contested;
  const page = pageOf({
    plans,
    topology,
    vcpus,
    host: name,
    takenAt: formatTime(time),
    watcher: watcherText(options.root, io),
    contested,
  });
  if (path === '-') io.stdout.write(page);
  else writeOutputFile(path, page);
  return exitStatusOf(status);
}
