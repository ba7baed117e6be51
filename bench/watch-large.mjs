// Memory that the watcher keeps of a definition: 40 domains whose definitions are large, against the same domains with
// small definitions. They come as calls of the hook do, through the tracker.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { DEFAULT_SETTINGS } from '../dist/modules/src/affinity/settings.js';
import { DomainTracker } from '../dist/modules/src/libvirt/domain-tracker.js';
import { Reconciler } from '../dist/modules/src/watch/reconciler.js';
import { SimulatedFs } from '../dist/modules/test/simulator/kernel-fs.js';
import { describe, memoryStates } from './managed-hosts.mjs';
import { report } from './measure.mjs';

const DOMAINS = 40;
/** In each large definition: about 1.3 MB of XML. */
const DISKS = 5000;

export default function watchLarge() {
  setFlagsFromString('--expose_gc');
  const collect = runInNewContext('gc');
  // the first one compiles the code
  heapOf(DISKS, collect);
  const [small, large] = [heapOf(0, collect), heapOf(DISKS, collect)];
  const sides = `${DOMAINS} domains with small definitions ${small.toFixed(2)} MB, with ${DISKS} disks each ${large.toFixed(2)} MB`;
  report('watch: large definitions', sides, large / small, { most: 1.1 });
}

/** Heap that 40 managed domains take, in MB. */
function heapOf(disks, collect) {
  const { kernel, texts } = describe(DOMAINS * 4, 4, { cpus: '8-15' });
  const files = new SimulatedFs(kernel);
  const spooled = texts.map((text) => withDisks(text, disks));
  const used = () => {
    // twice: a collection that has begun keeps what was in use then
    collect();
    collect();
    return process.memoryUsage().heapUsed / 1e6;
  };
  const before = used();
  const reconciler = new Reconciler({ files, state: memoryStates(), clock: { now: () => 0 } }, DEFAULT_SETTINGS);
  const tracker = new DomainTracker({ listRunning: async () => [], dumpXml: async () => '' }, sinkTo(reconciler));
  for (const text of spooled) {
    tracker.spooled({ operation: 'started', xml: Buffer.from(text), writtenAt: Date.now() });
    reconciler.run();
  }
  const { domains, interrupts } = reconciler.counters;
  if (domains !== DOMAINS || interrupts !== DOMAINS * 16)
    throw new Error(`${domains} domains, ${interrupts} interrupts`);
  return used() - before;
}

function sinkTo(reconciler) {
  return {
    add: (definition) => reconciler.add(definition),
    remove: (uuid) => reconciler.remove(uuid),
    markDirty: (uuid) => reconciler.markDirty({ uuid }),
    withState: () => [],
    problem: (text) => {
      throw new Error(text);
    },
    cannotRead: () => {},
    cannotList: () => {},
  };
}

function withDisks(text, count) {
  const disks = Array.from(
    { length: count },
    (_, index) =>
      `<disk type='file' device='disk'><driver name='qemu' type='qcow2' cache='none'/><source file='/var/lib/libvirt/images/disk-${index}.qcow2'/>` +
      `<target dev='vd${index}' bus='virtio'/><address type='pci' domain='0x0000' bus='0x04' slot='0x00' function='0x0'/></disk>`,
  );
  return text.replace('</devices>', `${disks.join('')}</devices>`);
}
