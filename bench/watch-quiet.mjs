// Cost of the reconciler while nothing changes: CPU time of a poll of 1,024 interrupts of 64 devices, as a share of the
// poll interval; and the time per device with 1,000 devices in relation to that with 64.
import { closeSync, openSync, readSync, rmSync } from 'node:fs';
import { DEFAULT_SETTINGS } from '../dist/modules/src/affinity/settings.js';
import { Reconciler } from '../dist/modules/src/watch/reconciler.js';
import { describe, filesBelow, layOutLinked, memoryStates } from './managed-hosts.mjs';
import { inTurn, ms, report } from './measure.mjs';

const INTERRUPTS = 16;
const { quiet, traced } = DEFAULT_SETTINGS.intervals;
/** Simulated time of a sample. It is a multiple of the interval of rare work, such as a full check. */
const SAMPLE_MS = 900_000;

export default function watchQuiet() {
  const [small, withTrace] = [new IdleReconciler(64, INTERRUPTS), new IdleReconciler(64, INTERRUPTS, true)];
  // Half as many interrupts per device: each takes a descriptor, and some hosts limit these more strictly.
  const [some, large] = [new IdleReconciler(64, INTERRUPTS / 2), new IdleReconciler(1000, INTERRUPTS / 2)];
  try {
    const polls = (idle, count) => () => idle.check(count) / count;
    const whole = [polls(small, SAMPLE_MS / quiet), polls(withTrace, SAMPLE_MS / traced)];
    const sides = [...whole, () => readMasks(64 * INTERRUPTS), polls(some, 40), polls(large, 5)];
    const [few, seldom, bare, less, many] = inTurn(5, sides);
    const pollTime = `a poll of 1,024 interrupts ${ms(few)} of CPU`;
    report('watch: quiet, untraced', `${pollTime}, % of a core`, (few / quiet) * 100, { most: 0.3 });
    const tracedPollTime = `a poll every ${traced / 1000} s ${ms(seldom)} of CPU`;
    report('watch: quiet, traced', `${tracedPollTime}, % of a core`, (seldom / traced) * 100, { most: 0.05 });
    report('watch: bare reads', `1,024 reads of a mask alone ${ms(bare)}, ${pollTime}`, few / bare, { most: 3 });
    const sizes = `64 devices ${ms(less)}, 1,000 devices ${ms(many)}`;
    report('watch: linear', sizes, many / 1000 / (less / 64), { most: 1.5 });
  } finally {
    for (const idle of [small, withTrace, some, large]) idle.remove();
  }
}

/** A reconciler whose polls find nothing to do. */
class IdleReconciler {
  #now = 0;
  #intervalMs;

  /** @param isTraced trace events report new vectors */
  constructor(devices, interrupts, isTraced = false) {
    this.#intervalMs = isTraced ? traced : quiet;
    const host = describe(devices, interrupts);
    this.path = layOutLinked(host);
    const clock = { now: () => this.#now };
    const files = filesBelow(this.path);
    this.reconciler = new Reconciler({ files, state: memoryStates(), clock }, DEFAULT_SETTINGS);
    this.reconciler.setTraced(isTraced);
    for (const definition of host.definitions) this.reconciler.add(definition);
    this.check(70);
    if (this.reconciler.counters.interrupts !== devices * interrupts) throw new Error('not all interrupts are managed');
  }

  /** CPU time of `count` polls at the poll interval, in milliseconds. */
  check(count) {
    const before = process.cpuUsage();
    for (let i = 0; i < count; i++) {
      this.#now += this.#intervalMs;
      const { writes, changed } = this.reconciler.run();
      if (writes + changed.length > 0) throw new Error('a poll changed something');
    }
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1000;
  }

  remove() {
    rmSync(this.path, { recursive: true });
  }
}

/** CPU time of the reads alone, in milliseconds. */
function readMasks(count) {
  const fd = openSync('/proc/irq/default_smp_affinity');
  const buffer = Buffer.alloc(4096);
  const before = process.cpuUsage();
  for (let i = 0; i < count; i++) readSync(fd, buffer, 0, buffer.length, 0);
  const { user, system } = process.cpuUsage(before);
  closeSync(fd);
  return (user + system) / 1000;
}
