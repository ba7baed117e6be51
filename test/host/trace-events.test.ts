import { existsSync, mkdirSync, readlinkSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseVectorEvents, type VectorEvent, VectorTrace } from '../../src/host/trace-events.js';
import { VectorStream } from '../../src/host/trace-stream.js';
import { EVENT, FILTER, POSTING_EVENT, SimulatedTracefs } from '../support/simulated-tracefs.js';
import { TemporaryFolder } from '../support/temporary-folder.js';
import { until } from '../support/until.js';

const test = suite('trace events');
let folder: TemporaryFolder;
let tracefs: SimulatedTracefs;
let events: VectorEvent[];
let ends: string[];
let onNext: () => void;
const INSTANCE = 'sys/kernel/tracing/instances/hostdev-cpuset';

test.before.each(() => {
  folder = new TemporaryFolder();
  events = [];
  ends = [];
  onNext = () => {};
});
test.after.each(() => {
  tracefs?.close();
  folder.remove();
});

const listener = {
  postingLost() {},
  changed(one: VectorEvent) {
    events.push(one);
    onNext();
  },
  ended(reason: string) {
    ends.push(reason);
    onNext();
  },
};
const open = () => VectorTrace.open(listener, folder.path, tracefs);
const next = (action: () => void) =>
  new Promise<void>((resolve) => {
    onNext = resolve;
    action();
  });
const reasonFor = (opening: Promise<unknown>) =>
  opening.then(
    () => 'none',
    ({ message }: Error) => message,
  );

test('an event has its IRQ and time, and the trace instance is set up and removed', async () => {
  tracefs = new SimulatedTracefs(folder);
  const trace = await open();
  assert.is(tracefs.read('trace_clock'), 'mono');
  assert.is(tracefs.read(EVENT), '1');
  assert.is(tracefs.read('tracing_on'), '1');
  const options = ['context-info', 'markers', 'raw', 'hex', 'fields'].map((name) => tracefs.read(`options/${name}`));
  assert.equal(options, ['1', '1', '0', '0', '0'], 'independent of the top-level instance');
  await next(() => tracefs.tellVector(41, '7.000250'));
  assert.equal(events, [{ irqs: [41], at: 7000.25, lost: false, postings: [{ kind: 'moved', irq: 41 }] }]);
  assert.is(await trace.close(), true);
  assert.not.ok(existsSync(folder.join(INSTANCE)));
  assert.is(events.length, 1, 'the marker that wakes the reader is not an event');
  assert.equal(ends, []);
});

test("our own writes are filtered out, if our PID is the kernel's", async () => {
  tracefs = new SimulatedTracefs(folder);
  const trace = await open();
  const isFirst = readlinkSync('/proc/self/ns/pid') === 'pid:[4026531836]';
  assert.is(tracefs.read(FILTER), isFirst ? `common_pid != ${process.pid}` : '0');
  await trace.close();
});

test('an error in the listener does not end the stream', async () => {
  tracefs = new SimulatedTracefs(folder);
  const failed = new Promise<unknown>((resolve) => process.once('unhandledRejection', resolve));
  await VectorTrace.open({ ...listener, changed: () => assert.unreachable('a bug') }, folder.path, tracefs);
  tracefs.tellVector(41);
  assert.match(String(await failed), 'a bug');
  assert.equal(ends, []);
});

test('a line that arrives in two parts is read as one', async () => {
  tracefs = new SimulatedTracefs(folder);
  const trace = await open();
  await next(() =>
    tracefs.tell(' qemu-1 [000] d..1. 1.000000: vector_alloc: irq=40 vector=1\n qemu-1 [000] d..1. 2.0'),
  );
  await next(() => tracefs.tell('00000: vector_alloc: irq=41 vector=2\n'));
  assert.equal(
    events.map(({ irqs, at }) => [irqs, at]),
    [
      [[40], 1000],
      [[41], 2000],
    ],
  );
  await trace.close();
});

test('an instance that a killed watcher left is reused', async () => {
  tracefs = new SimulatedTracefs(folder);
  mkdirSync(folder.join(INSTANCE));
  tracefs.populate();
  const trace = await open();
  assert.equal(tracefs.made, []);
  await next(() => tracefs.tellVector(40));
  await trace.close();
  assert.is(tracefs.removed.length, 1);
});

test('a trace instance that is turned off ends the stream with the reason', async () => {
  tracefs = new SimulatedTracefs(folder);
  await open();
  // The last writer of the FIFO closes it: every read is empty.
  await next(() => tracefs.close());
  assert.equal(ends, ['the trace instance was turned off']);
  assert.not.ok(existsSync(folder.join(INSTANCE)));
});

for (const [what, change, reason] of [
  ['the event is disabled', () => tracefs.write(EVENT, '0\n'), 'another program changed the trace instance'],
  ['the filter is changed', () => tracefs.write(FILTER, 'irq > 500\n'), 'another program changed the trace instance'],
  ['tracing is turned off', () => tracefs.write('tracing_on', '0\n'), 'another program changed the trace instance'],
  [
    'the form is changed',
    () => tracefs.write('options/context-info', '0\n'),
    'another program changed the trace instance',
  ],
  ['markers do not come back', () => (tracefs.deaf = true), 'trace events do not arrive'],
] as const) {
  test(`${what}: events no longer arrive, so the stream ends with the reason`, async () => {
    tracefs = new SimulatedTracefs(folder);
    const trace = await VectorTrace.open(listener, folder.path, tracefs, 20);
    await next(change);
    tracefs.deaf = false;
    assert.equal(ends, [reason]);
    assert.is(await trace.close(), true);
    assert.not.ok(existsSync(folder.join(INSTANCE)));
  });
}

test('a stream whose first marker does not return is not opened', async () => {
  tracefs = new SimulatedTracefs(folder);
  tracefs.deaf = true;
  assert.is(await reasonFor(open()), 'trace events do not arrive');
});

test('markers that return keep the stream open', async () => {
  tracefs = new SimulatedTracefs(folder);
  const trace = await VectorTrace.open(listener, folder.path, tracefs, 200);
  await new Promise((resolve) => setTimeout(resolve, 1000));
  assert.equal(ends, []);
  await next(() => tracefs.tellVector(41));
  await trace.close();
});

test('a flood of events is read in batches', async () => {
  tracefs = new SimulatedTracefs(folder);
  const trace = await open();
  for (let irq = 1; irq <= 600; irq++) {
    tracefs.tellVector(irq);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await until('all have arrived', () => events.at(-1)?.irqs.at(-1) === 600);
  assert.ok(events.length < 300, `${events.length} reads`);
  await trace.close();
});

test('a stream that ends is opened again, and each change is reported', async () => {
  tracefs = new SimulatedTracefs(folder);
  const states: (string | null)[] = [];
  const stream = new VectorStream({ ...listener, stateChanged: (reason) => states.push(reason) }, folder.path, {
    folders: tracefs,
    // on a busy machine a marker may come back late, and two missing ones end the stream
    markerIntervalMs: 500,
    reopenLimits: { firstMs: 10, maxMs: 20 },
  });
  await stream.start();
  tracefs.write(EVENT, '0\n');
  await until('it is open again', () => states.length === 3);
  assert.equal(states, [null, 'another program changed the trace instance', null]);
  assert.is(tracefs.read(EVENT), '1');
  await next(() => tracefs.tellVector(41));
  assert.equal(events.at(-1)?.irqs, [41]);
  assert.is(await stream.close(), true);
});

test('a stream that cannot be opened is reported once', async () => {
  tracefs = new SimulatedTracefs(folder);
  const states: (string | null)[] = [];
  const stream = new VectorStream({ ...listener, stateChanged: (reason) => states.push(reason) }, folder.path, {
    folders: tracefs,
    reopenLimits: { firstMs: 1, maxMs: 2 },
  });
  tracefs.deaf = true;
  await stream.start();
  await until('it was tried again', () => tracefs.made.length >= 2);
  assert.equal(states, ['trace events do not arrive']);
  tracefs.deaf = false;
  await until('it is open', () => states.length === 2);
  assert.is(states[1], null);
  await stream.close();
});

test('a permanent reason is not retried', async () => {
  const states: (string | null)[] = [];
  const stream = new VectorStream({ ...listener, stateChanged: (reason) => states.push(reason) }, folder.path, {
    reopenLimits: { firstMs: 1, maxMs: 2 },
  });
  await stream.start();
  assert.equal(states, ['tracefs is not mounted']);
  await stream.close();
});

test('without tracefs the reason is reported', async () => {
  assert.is(await reasonFor(VectorTrace.open(listener, folder.path)), 'tracefs is not mounted');
});

test('tracefs below debugfs is used, too', async () => {
  mkdirSync(folder.join('sys/kernel/debug/tracing/instances'), { recursive: true });
  assert.match(await reasonFor(VectorTrace.open(listener, folder.path)), 'this kernel traces neither vectors');
});

test('a kernel with neither the event nor the tracer of functions is reported, and no trace instance is left', async () => {
  tracefs = new SimulatedTracefs(folder, false);
  assert.is(await reasonFor(open()), 'this kernel traces neither vectors (x86) nor functions');
  assert.not.ok(existsSync(folder.join(INSTANCE)));
});

for (const [code, words] of [
  ['EPERM', 'the kernel forbids tracing (EPERM): lockdown, or a container'],
  ['EROFS', 'tracing failed: EROFS'],
  ['EBUSY', 'another process reads this trace instance'],
] as const) {
  test(`the reason of ${code} is reported`, async () => {
    tracefs = new SimulatedTracefs(folder);
    const refusing = {
      make() {
        throw Object.assign(new Error(code), { code });
      },
      remove() {},
    };
    assert.is(await reasonFor(VectorTrace.open(listener, folder.path, refusing)), words);
  });
}

test('other trace events are ignored', () => {
  assert.is(parseVectorEvents('  sh-1 [000] ..... 1.000000: tracing_mark_write: end\n'), undefined);
  assert.is(parseVectorEvents(''), undefined);
});

test('posting events are read once KVM is loaded, and their loss is reported when it is unloaded', async () => {
  tracefs = new SimulatedTracefs(folder);
  let losses = 0;
  const trace = await VectorTrace.open({ ...listener, postingLost: () => void losses++ }, folder.path, tracefs, 20);
  tracefs.loadKvm();
  await until('the event is enabled', () => tracefs.read(POSTING_EVENT) === '1');
  await next(() => tracefs.tellPosted(41, 2));
  assert.equal(events.at(-1), {
    irqs: [],
    at: undefined,
    lost: false,
    postings: [{ kind: 'posted', irq: 41, apicId: 2 }],
  });
  assert.is(losses, 0);
  tracefs.unloadKvm();
  await until('the loss is reported', () => losses === 1);
  tracefs.loadKvm();
  await until('the event is enabled again', () => tracefs.read(POSTING_EVENT) === '1');
  tracefs.write(POSTING_EVENT, '0\n');
  await until('disabling the event is reported', () => losses === 2);
  assert.is(tracefs.read(POSTING_EVENT), '1', 'the event is enabled again at once');
  assert.equal(ends, []);
  assert.is(await trace.close(), true);
});

test('with KVM loaded the posting event is enabled at once, and disabled on close even if the instance remains', async () => {
  tracefs = new SimulatedTracefs(folder);
  const make = (path: string) => {
    tracefs.make(path);
    tracefs.loadKvm();
  };
  const trace = await VectorTrace.open(listener, folder.path, { make, remove: () => {} });
  assert.is(tracefs.read(POSTING_EVENT), '1');
  await trace.close();
  assert.equal(
    [EVENT, POSTING_EVENT].map((name) => tracefs.read(name)),
    ['0', '0'],
  );
});

test('each interrupt is returned once; lost events are reported', () => {
  const line = (irq: number, at: string) =>
    `  x: y-1 [000] d..1. ${at}: vector_alloc: irq=${irq} vector=3 reserved=0 ret=0\n`;
  assert.equal(parseVectorEvents(line(5, '1.5') + line(5, '1.6') + line(6, '1.7')), {
    irqs: [5, 6],
    at: 1500,
    lost: false,
    postings: [5, 5, 6].map((irq) => ({ kind: 'moved', irq })),
  });
  assert.is(parseVectorEvents(`CPU:3 [LOST 12 EVENTS]\n${line(5, '1.5')}`)?.lost, true);
  assert.equal(parseVectorEvents('CPU:3 [LOST 12 EVENTS]\n'), {
    irqs: [],
    at: undefined,
    lost: true,
    postings: [{ kind: 'lost' }],
  });
});

test.run();
