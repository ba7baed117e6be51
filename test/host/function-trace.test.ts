import { existsSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type VectorEvent, VectorTrace } from '../../src/host/trace-events.js';
import {
  type InstanceFiles,
  isInitialNamespace,
  TRACE_SOURCES,
  type TraceSource,
} from '../../src/host/trace-sources.js';
import { SimulatedTracefs } from '../support/simulated-tracefs.js';
import { TemporaryFolder } from '../support/temporary-folder.js';
import { until } from '../support/until.js';

const test = suite('tracing of functions');
const INSTANCE = 'sys/kernel/tracing/instances/hostdev-cpuset';
const SWITCH = 'proc/sys/kernel/ftrace_enabled';
const FILTER = 'set_ftrace_filter';
const FUNCTION_CALLS = TRACE_SOURCES[1] as TraceSource;
let folder: TemporaryFolder;
let tracefs: SimulatedTracefs;
let events: VectorEvent[];
let ends: string[];

test.before.each(() => {
  folder = new TemporaryFolder();
  tracefs = new SimulatedTracefs(folder, false, true);
  events = [];
  ends = [];
});
test.after.each(() => {
  tracefs.close();
  folder.remove();
});

const listener = {
  postingLost() {},
  changed: (event: VectorEvent) => void events.push(event),
  ended: (reason: string) => void ends.push(reason),
};
const open = (markerIntervalMs = 60_000) => VectorTrace.open(listener, folder.path, tracefs, markerIntervalMs);
const refusal = () =>
  open().then(
    () => 'none',
    ({ message }: Error) => message,
  );

test('two functions are traced, without our own calls, until the instance is removed', async () => {
  const trace = await open();
  assert.is(tracefs.read(FILTER), 'request_threaded_irq\nirq_set_affinity');
  assert.is(tracefs.read('set_ftrace_notrace_pid'), isInitialNamespace() ? `${process.pid}` : '');
  assert.is(tracefs.read('current_tracer'), 'function');
  await trace.close();
  assert.not.ok(existsSync(folder.join(INSTANCE)));
});

test('a request for VFIO names its thread, another driver does not matter, a move has no number', async () => {
  const trace = await open();
  tracefs.tellCall(7, 'request_threaded_irq <-e1000_request_irq', '1.000000');
  tracefs.tellCall(312, 'request_threaded_irq <-vfio_msi_set_vector_signal', '2.500000');
  await until('the request is seen', () => events.length > 0);
  const thread = isInitialNamespace() ? 312 : 0;
  assert.equal(
    events.map(({ requests }) => requests),
    [{ threads: [thread], moved: false, at: 2500 }],
  );
  tracefs.tellCall(99, 'irq_set_affinity <-write_irq_affinity.constprop.0.isra.0', '3.000000');
  await until('the move is seen', () => events.length > 1);
  assert.equal(events[1]?.requests, { threads: [], moved: true, at: 3000 });
  await trace.close();
});

test('the tracer that a killed watcher has left is off while the filter is set', () => {
  const files = new Files();
  files.contents.set('current_tracer', 'function\n');
  FUNCTION_CALLS.enable(files);
  const written = files.written.filter((line) => /^(?:current_tracer|set_ftrace_filter)/.test(line));
  assert.equal(written, [
    'current_tracer=nop',
    'set_ftrace_filter=request_threaded_irq',
    'set_ftrace_filter=irq_set_affinity',
    'current_tracer=function',
  ]);
});

test('the tracer stays off if the filter is not as it was written', () => {
  for (const filter of ['#### all functions enabled ####\n', 'irq_set_affinity\n', 'request_threaded_irq\nkfree\n']) {
    const files = new Files(filter);
    assert.throws(() => FUNCTION_CALLS.enable(files), /^the filter of functions became "/);
    assert.is(files.contents.get('current_tracer'), 'nop\n');
  }
});

/** Files in memory; `filter` is what the filter always has. */
class Files implements InstanceFiles {
  readonly contents = new Map<string, string>();
  readonly written: string[] = [];

  constructor(private readonly filter?: string) {}

  has = () => true;
  read = (file: string) => this.contents.get(file) ?? null;

  write(file: string, text: string): void {
    this.contents.set(file, '');
    this.append(file, text);
  }

  append(file: string, text: string): void {
    this.written.push(`${file}=${text.trim()}`);
    const isFixed = file === FILTER && this.filter !== undefined;
    this.contents.set(file, isFixed ? `${this.filter}` : `${this.contents.get(file) ?? ''}${text}`);
  }
}

test('while the kernel traces no functions, the reason is reported, and so is its change', async () => {
  folder.write(SWITCH, '0\n');
  assert.is(await refusal(), '/proc/sys/kernel/ftrace_enabled is 0');
  assert.not.ok(existsSync(folder.join(INSTANCE)));
  folder.write(SWITCH, '1\n');
  await open(20);
  folder.write(SWITCH, '0\n');
  await until('the end is reported', () => ends.length > 0);
  assert.equal(ends, ['another program changed the trace instance']);
});

test('a filter that another program empties ends the tracing', async () => {
  await open(20);
  tracefs.write(FILTER, '#### all functions enabled ####\n');
  await until('the end is reported', () => ends.length > 0);
  await until('the instance is removed', () => !existsSync(folder.join(INSTANCE)));
});

test.run();
