import type { ChildProcess } from 'node:child_process';
import * as assert from 'uvu/assert';
import { LOOP, placeUntil, SLEEPING_HOOK } from '../inside/contenders.js';
import { DISK, NEAR_NIC, NIC, OTHER_NIC } from '../inside/devices.js';
import { isPlaced } from '../inside/expect.js';
import type { GuestDriver } from '../inside/guest-driver.js';
import { numbersOf } from '../inside/kernel-files.js';
import { histogram, type Life, livesOf, quantile } from '../inside/lives.js';
import { removeTraceOfMinimalProgram, startMinimalProgram } from '../inside/minimal-program.js';
import type { Rig } from '../inside/rig.js';
import { sceneEverywhere, sceneOnEveryArchitecture } from '../inside/scene.js';
import { sleep } from '../inside/wait.js';
import { watcherPids } from '../inside/watcher.js';

/**
 * Number of reloads of our device's driver. Those of the peers' devices load in the first, and again in the ones that
 * the peers have finished.
 */
const ROUNDS = 12;
/** Number of reloads without peers, which are slow. */
const ROUNDS_ALONE = 7;
/** Number of reloads with the minimal program, measured afterwards, and the start time of its Node in ms. */
const ROUNDS_BARE = 6;
const BARE_START = 2000;
const RELOAD = 11;
const VECTORS = 5;
/** The hook sleeps a third of its time. */
const HOOK_SPEED = 3;
/** A vector that lives longer must be placed. Emulation on another architecture is slower. */
const LONG_LIFE_MS = process.arch === 'x64' ? 700 : 1500;

sceneEverywhere(
  'lag from a new vector to the write of the mask, with trace events, and that of the peers',
  async (rig) => {
    const { ours, bare, sleeper, loop } = await measure(rig, true);
    rig.note(histogram('hostdev-cpuset, with trace events (bounds: p50 15 ms, p99 80 ms)', ours));
    rig.note(histogram('the least that a program in Node can do with these events', bare));
    rig.note(histogram(`${SLEEPING_HOOK.name}, ${HOOK_SPEED} times as fast`, sleeper));
    rig.note(histogram(LOOP.name, loop));
    const missed = ours.filter(({ lag, span }) => lag === undefined && span > LONG_LIFE_MS);
    assert.equal(missed, [], 'every vector that lived for a while was placed');
    assertAhead(ours, ROUNDS, loop);
    assert.ok(
      sleeper.some(({ lag }) => lag === undefined),
      'a program that places once misses later vectors',
    );
  },
);

sceneOnEveryArchitecture('lag without trace events, with the busy interval', async (rig) => {
  await rig.watcher.stop();
  await rig.watcher.start('--no-tracing');
  const { ours } = await measure(rig, false);
  rig.note(histogram('hostdev-cpuset, polling (bound: p99 150 ms)', ours));
  assertAhead(ours, ROUNDS_ALONE, []);
  await rig.watcher.stop();
});

type Four = [GuestDriver, GuestDriver, GuestDriver, GuestDriver];

const WHOSE = [
  ['ours', NIC],
  ['bare', OTHER_NIC],
  ['sleeper', DISK],
  ['loop', NEAR_NIC],
] as const;

interface Measured {
  ours: Life[];
  bare: Life[];
  sleeper: Life[];
  loop: Life[];
}

async function measure(rig: Rig, peers: boolean): Promise<Measured> {
  const pids = watcherPids();
  const guest = await rig.running({
    devices: [
      { address: NIC, slot: 5, cpuset: '3' },
      { address: DISK, slot: 6, cpuset: 'native' },
      { address: NEAR_NIC, slot: 7, cpuset: 'native' },
      { address: OTHER_NIC, slot: 8, cpuset: 'native' },
    ],
  });
  const [ours, sleeper, loop, bare] = [5, 6, 7, 8].map((slot) => guest.driver(slot)) as Four;
  const numbers = {
    ...{ ours: new Set<number>(), bare: new Set<number>() },
    ...{ sleeper: new Set<number>(), loop: new Set<number>() },
  };
  const note = () => {
    for (const [who, address] of WHOSE) for (const irq of numbersOf(address)) numbers[who].add(irq);
  };
  const end = new AbortController();
  const surroundings = { defined: [3], current: () => [3], local: [3] };
  const placing = peers
    ? [
        placeUntil(end.signal, SLEEPING_HOOK, { ...surroundings, address: DISK }, HOOK_SPEED),
        placeUntil(end.signal, LOOP, { ...surroundings, address: NEAR_NIC }, 1),
      ]
    : [];
  let minimalProgram: ChildProcess | undefined;
  // The loop has made its first check before any vector exists.
  await sleep(peers ? 2000 : 500);
  rig.trace.take();
  try {
    for (let round = 0; round < (peers ? ROUNDS : ROUNDS_ALONE); round++) {
      await reload(ours, round);
      // a poll may take longer than the vectors live
      if (!peers) await isPlaced(NIC, VECTORS, '3');
      // While the other devices keep theirs, each gets its own IRQs again.
      for (const peer of peers ? [sleeper, loop] : []) {
        if (round === RELOAD) await peer.unload();
        if (round === 0 || round === RELOAD) await peer.load(VECTORS);
      }
      // Not synchronous with any interval.
      await sleep(100 + 53 * round);
      note();
    }
    // Not at the same time as ours: our device's events would wake it, too, and it would take our CPU time.
    if (peers) {
      minimalProgram = startMinimalProgram(OTHER_NIC, '8');
      await sleep(BARE_START);
      for (let round = 0; round < ROUNDS_BARE; round++) {
        await reload(bare, round);
        note();
      }
    }
  } finally {
    minimalProgram?.kill('SIGKILL');
    if (minimalProgram) await removeTraceOfMinimalProgram();
    end.abort();
    await Promise.all(placing);
  }
  assert.equal(watcherPids(), pids, 'the watcher is the same');
  const all = WHOSE.flatMap(([who]) => [...numbers[who]]);
  assert.is(new Set(all).size, all.length, 'no IRQ belonged to two devices');
  const now = Number(process.hrtime.bigint()) / 1e6;
  const events = rig.trace.take();
  return {
    ours: livesOf(numbers.ours, events, now),
    bare: livesOf(numbers.bare, events, now),
    sleeper: livesOf(numbers.sleeper, events, now),
    loop: livesOf(numbers.loop, events, now),
  };
}

/** Reloads the driver; in the first round, loads it. */
async function reload(driver: GuestDriver, round: number): Promise<void> {
  if (round > 0) await driver.unload();
  await sleep(150);
  await driver.load(VECTORS);
  await sleep(300);
}

const lagsOf = (lives: readonly Life[]) => lives.flatMap(({ lag }) => lag ?? []);

/** The figures depend on the machine, but not that no vector was missed, or that we are much faster. */
function assertAhead(ours: readonly Life[], rounds: number, peer: readonly Life[]): void {
  assert.ok(lagsOf(ours).length >= rounds * VECTORS);
  if (peer.length > 0)
    assert.ok(quantile(lagsOf(ours), 0.5) * 10 < quantile(lagsOf(peer), 0.5), 'ten times faster than a loop');
}
