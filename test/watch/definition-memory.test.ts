import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { DEFAULT_SETTINGS } from '../../src/affinity/settings.js';
import { DomainTracker } from '../../src/libvirt/domain-tracker.js';
import { Reconciler } from '../../src/watch/reconciler.js';
import { A, hostdev, hostOf, plainOf, vfio } from '../affinity/simulated-pass.js';
import { SimulatedFs } from '../simulator/kernel-fs.js';
import { MemoryStates } from './reconciled-host.js';

const memory = suite('memory of definitions');
const DOMAINS = 12;
const TEXT_BYTES = 1_000_000;

/**
 * Parts of a definition that are kept: each is a string longer than 12 characters, which V8 makes a reference into the
 * whole text unless it is copied.
 */
function definition(index: number, kind: 'managed' | 'unmanaged', bytes: number): string {
  const uuid = `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`;
  const entries = `<hostdev address='0000:44:00.0' cpuset='2'/><hostdev alias='ua-gone-long-ago' cpuset='3'/>
    <hostdev address='not-an-address-at-all' cpuset='1'/><hostdev mac='52:54:00:00:00:01' cpuset='3-2-1-0-of-no-use'/>`;
  const ours = `<metadata><hostdevs xmlns='urn:hostdev-cpuset:1'>${entries}</hostdevs></metadata>`;
  const alias = "<alias name='hostdev0-of-libvirt'/>";
  const device = (address: string, cpuset?: string) =>
    hostdev(address, cpuset).replace('</hostdev>', `${alias}</hostdev>`);
  const devices = `${device(A)}${device('0000:45:00.0', '1-2-3-4-of-no-use')}`;
  const disk = `<disk type='file'><source file='/var/lib/libvirt/images/guest.qcow2'/></disk>`;
  const disks = disk.repeat(Math.ceil(bytes / disk.length));
  const head = `<name>a-guest-with-a-long-name-${index}</name><uuid>${uuid}</uuid><vcpu cpuset='2-3'>2</vcpu>`;
  const rest = kind === 'managed' ? `${ours}<devices>${devices}${disks}</devices>` : `<devices>${disks}</devices>`;
  return `<domain id='${index}'>${head}${rest}</domain>`;
}

/** A watcher's memory of domains: the reconciler, and the tracker that the hook's calls go to. */
class Watching {
  readonly #reconciler = new Reconciler(
    {
      files: new SimulatedFs(hostOf([vfio(A, 41)])),
      state: new MemoryStates(),
      clock: { now: () => 0 },
    },
    DEFAULT_SETTINGS,
  );
  readonly #tracker = new DomainTracker(
    { listRunning: async () => [], dumpXml: async () => '' },
    {
      add: (one) => this.#reconciler.add(one),
      remove: (uuid) => void this.#reconciler.remove(uuid),
      markDirty: () => {},
      withState: () => [],
      problem: (text) => assert.unreachable(text),
      cannotRead: (_, reason) => assert.unreachable(reason),
      cannotList: (reason) => assert.unreachable(reason),
    },
  );
  readonly results: unknown[] = [];

  add(xml: string): void {
    this.#tracker.spooled({ operation: 'started', xml: Buffer.from(xml), writtenAt: Date.now() });
    // a result has the problems' texts, and the reconciler those that it has reported
    this.results.push(this.#reconciler.run());
  }

  get domains(): [known: number, managed: number] {
    return [this.#tracker.uuids.length, this.#reconciler.counters.domains];
  }
}

memory("the watcher keeps no reference to the definition's text after parsing", async () => {
  setFlagsFromString('--expose_gc');
  const collect: () => void = runInNewContext('gc');
  const heap = async () => {
    // RegExp.input keeps the text of the last match.
    /x/.exec('x');
    // A collection that is already in progress completes first, and keeps what was in use when it began. So does code
    // that is being optimized.
    for (let count = 0; count < 5; count++) {
      await new Promise(setImmediate);
      collect();
    }
    return process.memoryUsage().heapUsed;
  };
  // Compiles the code, and leaves a small definition in a cache of the last one.
  for (const bytes of [TEXT_BYTES, 0]) new Watching().add(definition(0, 'managed', bytes));
  for (const kind of ['managed', 'unmanaged'] as const) {
    const watching = new Watching();
    const before = await heap();
    for (let index = 0; index < DOMAINS; index++) watching.add(definition(index, kind, TEXT_BYTES));
    const grown = (await heap()) - before;
    assert.equal(watching.domains, [DOMAINS, kind === 'managed' ? DOMAINS : 0]);
    // V8's own tables and code take 0.6 MB; a single document with its elements takes 10 MB
    assert.ok(grown < 2 * TEXT_BYTES, `${kind}: ${(grown / 1e6).toFixed(2)} MB for ${DOMAINS} domains`);
  }
});

memory('a parsed definition consists of plain objects, arrays and short strings', () => {
  const plain = plainOf(definition(7, 'managed', 0));
  assert.is(plain.devices.length, 2);
  assert.is(plain.metadataProblems.length, 2);
  assert.is(plain.stale.length, 2);
  const check = (value: unknown, path: string): void => {
    if (typeof value === 'string') assert.ok(value.length < 200, `${path} has ${value.length} characters`);
    if (typeof value !== 'object' || value === null) return;
    assert.ok([Object.prototype, Array.prototype].includes(Object.getPrototypeOf(value)), `${path} is of a class`);
    for (const [key, part] of Object.entries(value)) check(part, `${path}.${key}`);
  };
  check(plain, 'definition');
});

memory.run();
