// Memory over a simulated week. Every hour, some of 16 guests reset and return with other IRQ numbers, stop or start.
// Also counts objects: V8's compiled code and type feedback let the heap grow for days, but not the number of objects.
import { queryObjects, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { DEFAULT_SETTINGS } from '../dist/modules/src/affinity/settings.js';
import { Reconciler } from '../dist/modules/src/watch/reconciler.js';
import { SimulatedFs } from '../dist/modules/test/simulator/kernel-fs.js';
import { describe, memoryStates } from './managed-hosts.mjs';
import { report } from './measure.mjs';

const DAY_MS = 86_400_000;
const STEP_MS = 3_600_000;
/** After this day nearly all code has been compiled. */
const WARM_DAY = 4;

export default function watchWeek() {
  setFlagsFromString('--expose_gc');
  const collect = runInNewContext('gc');
  const { kernel, definitions, addresses, guests } = describe(64, 4, { cpus: '8-15', vectors: false });
  let now = 0;
  const host = { files: new SimulatedFs(kernel), state: memoryStates(), clock: { now: () => now } };
  const reconciler = new Reconciler(host, {
    ...DEFAULT_SETTINGS,
    intervals: { busy: 10_000, quiet: 600_000, traced: 600_000 },
  });
  reconciler.setTraced(true);
  for (const definition of definitions) reconciler.add(definition);
  const [heap, objects] = [[], []];
  for (let day = 1; day <= 7; day++) {
    for (let step = 0; step < DAY_MS / STEP_MS; step++) {
      happen(kernel, reconciler, definitions[step % 16], guests[step % 16], addresses, step);
      const end = now + STEP_MS;
      for (; reconciler.due <= end; kernel.writes.length = 0) {
        now = Math.max(now, reconciler.due);
        reconciler.run();
      }
      now = end;
    }
    collect();
    objects.push(queryObjects(Object, { format: 'count' }));
    heap.push(process.memoryUsage().heapUsed / 1e6);
  }
  const [warm, last] = [WARM_DAY - 1, 6];
  const ofHeap = `heap after day ${WARM_DAY} ${heap[warm].toFixed(2)} MB, after day 7 ${heap[last].toFixed(2)} MB`;
  report('watch: week', ofHeap, heap[last] / heap[warm], { most: 1.02 });
  const ofObjects = `objects after day ${WARM_DAY} ${objects[warm]}, after day 7 ${objects[last]}`;
  report('watch: week, objects', ofObjects, objects[last] / objects[warm], { most: 1.001 });
}

function happen(kernel, reconciler, definition, guest, addresses, step) {
  for (const [index, address] of addresses.entries()) {
    if (index % 7 !== step % 7) continue;
    kernel.enableVectors(address, 1 + ((index + step) % 4));
    reconciler.markDirty({ irqs: kernel.devices.get(address).vectors });
  }
  if (step % 5 === 0) {
    reconciler.remove(guest.uuid);
    reconciler.add(definition);
  }
}
