// Cost of a hostile guest: CPU time of the reconciler, as a share of a core, while a guest turns MSI-X of its device
// off and on 100 or 1,000 times a second. Measures the second and third minute. 63 other devices are idle. The kernel
// is simulated, and its time is not counted.
import { DEFAULT_SETTINGS } from '../dist/modules/src/affinity/settings.js';
import { Reconciler } from '../dist/modules/src/watch/reconciler.js';
import { SimulatedFs } from '../dist/modules/test/simulator/kernel-fs.js';
import { describe, memoryStates } from './managed-hosts.mjs';
import { report } from './measure.mjs';

const DEVICES = 64;
const VECTORS = 8;
/** In a flood, trace events are read in batches: see src/host/trace-events.ts. */
const READ_INTERVAL_MS = 50;

export default function watchFlap() {
  for (const traced of [false, true]) {
    for (const perSecond of [100, 1000]) {
      const { percent, perMinute } = play(traced, perSecond);
      const how = traced ? 'traced' : 'polling';
      const sides = `MSI-X off and on ${perSecond} times a second, ${perMinute} runs that placed something a minute, % of a core`;
      report(`watch: flap ${perSecond}, ${how}`, sides, percent, { most: 2 });
    }
  }
}

function play(traced, perSecond) {
  const { kernel, definitions, addresses } = describe(DEVICES, VECTORS, { cpus: '8-15' });
  let now = 0;
  let usedMs = 0;
  let placed = 0;
  const counted = (action) => {
    const before = cpuMs();
    action();
    usedMs += cpuMs() - before;
  };
  const host = { files: new SimulatedFs(kernel), state: memoryStates(), clock: { now: () => now } };
  const reconciler = new Reconciler({ ...host, cpuMs }, DEFAULT_SETTINGS);
  reconciler.setTraced(traced);
  for (const definition of definitions) reconciler.add(definition);
  const run = () => {
    if (reconciler.due <= now && reconciler.run().changed.length > 0) placed++;
  };
  const flapping = addresses[0];
  const irqs = [...kernel.devices.get(flapping).vectors];
  const minute = () => {
    [usedMs, placed] = [0, 0];
    for (const end = now + 60_000; now < end; now++) {
      if (now % (1000 / perSecond) === 0) kernel.enableVectors(flapping, irqs);
      counted(() => {
        if (traced && now % READ_INTERVAL_MS === 0) reconciler.markDirty({ irqs });
        run();
      });
    }
  };
  for (let second = 0; second < 120; second++, now += 1000) run();
  minute();
  minute();
  const [firstUsedMs, firstPlaced] = [usedMs, placed];
  minute();
  return { percent: (firstUsedMs + usedMs) / 1200, perMinute: (firstPlaced + placed) / 2 };
}

function cpuMs() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
