import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { HookAction } from '../../src/hook/run.js';
import { type HookResult, runHook } from '../../src/hook/run.js';
import { RealFs } from '../../src/host/real-fs.js';
import { processIdentity } from '../../src/lib/process-lock.js';
import { StateStore } from '../../src/runtime/state-store.js';
import { BOTH, liveXml, SimulatedRoot, UUID } from './simulated-root.js';

const test = suite('hook');
const OPERATIONS: Record<HookAction, string> = { check: 'prepare', pass: 'started', release: 'release' };
let root: SimulatedRoot;

test.before.each(() => {
  root = new SimulatedRoot();
});
test.after.each(() => root.remove());

const callOf = (action: HookAction, xml: string | Uint8Array) =>
  ({ action, operation: OPERATIONS[action], input: { bytes: Buffer.from(xml) } }) as const;
const hostOf = (files: RealFs, debug = false) =>
  ({ files, state: new StateStore(root.path), root: root.path, pause: () => {}, debug }) as const;

function hook(
  action: HookAction,
  xml: string | Uint8Array,
  { debug = false, files = new RealFs(root.path) } = {},
): HookResult {
  return runHook({ ...callOf(action, xml), name: 'guest' }, hostOf(files, debug));
}

const texts = ({ lines }: HookResult) => lines.map(({ text }) => text);
const assertUnchanged = () =>
  assert.equal(
    [40, 41, 42, 16].map((irq) => root.affinity(irq)),
    ['0-7', '0-7', '0-7', '0-7'],
  );

test('a pass places the interrupts and reports one line', () => {
  assert.equal(texts(hook('pass', BOTH)), ['guest: started: 4 set, 0 kept, 0 skipped, 0 failed']);
  assert.equal(
    [40, 41, 42, 16].map((irq) => root.affinity(irq)),
    ['2-3', '2-3', '2-3', '4-5'],
  );
});

test('a second pass finds nothing to do', () => {
  hook('pass', BOTH);
  assert.equal(texts(hook('pass', BOTH)), ['guest: started: 0 set, 4 kept, 0 skipped, 0 failed']);
});

test('a release restores a line and deletes the state', () => {
  hook('pass', BOTH);
  root.handBack(16);
  assert.equal(texts(hook('release', BOTH)), ['guest: release: restored the affinity of 1 INTx line']);
  assert.is(root.affinity(16), '0-7');
  assert.equal(readdirSync(root.join('run/hostdev-cpuset')), []);
  assert.equal(texts(hook('release', BOTH)), [], 'a second release does nothing');
});

test('a release reports a line that it does not restore, and why', () => {
  hook('pass', BOTH);
  root.handBack(16);
  root.write('sys/kernel/irq/16/type', 'edge\n');
  const { lines } = hook('release', BOTH);
  const reason = 'it is edge-triggered, which no INTx line is';
  const text = `guest: release: IRQ 16 of 0000:07:00.0 keeps its affinity: ${reason}`;
  assert.equal(lines, [{ priority: 'warning', text }]);
  assert.is(root.affinity(16), '4-5');
  assert.equal(readdirSync(root.join('run/hostdev-cpuset')), []);
});

/** The host's files, with an action before each read. */
class Watched extends RealFs {
  constructor(private readonly beforeRead: (path: string) => void) {
    super(root.path);
  }
  override read(path: string): string | undefined {
    this.beforeRead(path);
    return super.read(path);
  }
}

test("the name is the one that libvirt passes, otherwise the definition's; counts are not read", () => {
  const files = new Watched((path) => assert.not.match(path, /per_cpu_count|\/proc\/interrupts/));
  const xml = BOTH.replace('<name>guest</name>', '<name>other</name>');
  const nameOf = (action: HookAction, name?: string) =>
    texts(runHook({ ...callOf(action, xml), name }, hostOf(files))).map((text) => text.split(':')[0]);
  assert.equal([nameOf('pass', 'guest'), nameOf('pass')], [['guest'], ['other']]);
  assert.equal(nameOf('release', 'guest'), ['guest']);
  root.write('proc/irq/40/smp_affinity', 'ff\n');
  nameOf('pass');
  assert.equal(nameOf('release'), ['other']);
});

test('restored lines are counted', () => {
  const twoLines = BOTH.replaceAll('0000:06:12.5', '0000:08:00.0').replace(
    "bus='0x06' slot='0x12' function='0x5'",
    "bus='0x08' slot='0x00' function='0x0'",
  );
  assert.equal(texts(hook('pass', twoLines)), ['guest: started: 2 set, 0 kept, 0 skipped, 0 failed']);
  for (const irq of [16, 17]) root.handBack(irq);
  assert.equal(texts(hook('release', twoLines)), ['guest: release: restored the affinity of 2 INTx lines']);
  assert.equal([root.affinity(16), root.affinity(17)], ['0-7', '0-7']);
  hook('pass', BOTH);
  const file = root.join(`run/hostdev-cpuset/${UUID}.json`);
  const state = JSON.parse(readFileSync(file, 'utf8'));
  writeFileSync(file, JSON.stringify({ ...state, lines: [] }));
  assert.equal(texts(hook('release', BOTH)), ['guest: release: nothing to restore']);
});

test('the release of a domain without a UUID reports nothing', () => {
  assert.equal(hook('release', BOTH.replace(/<uuid>.*<\/uuid>/, '')).lines, []);
});

test("a pass and a release hold the domain's lock", () => {
  const locked: boolean[] = [];
  const lock = root.join(`run/hostdev-cpuset/${UUID}.lock`);
  // The lock is a dangling symbolic link, whose target names the process.
  const isLocked = () => readdirSync(root.join('run/hostdev-cpuset')).includes(lock.split('/').at(-1) as string);
  const files = new Watched((path) => {
    if (path === '/sys/kernel/irq/16/actions') locked.push(isLocked());
  });
  hook('pass', BOTH, { files });
  assert.ok(locked.length > 0 && locked.every(Boolean));
  locked.length = 0;
  root.handBack(16);
  hook('release', BOTH, { files });
  assert.ok(locked.length > 0 && locked.every(Boolean));
});

test('an unexpected error is one line, with the stack if debug is on, whatever was thrown', () => {
  const thrower = (error: unknown) =>
    new Watched((path) => {
      if (path === '/sys/devices/system/cpu/online') throw error;
    });
  const failing = thrower(new RangeError('a bug'));
  assert.equal(texts(hook('pass', BOTH, { files: failing })), ['guest: started: a bug']);
  assert.match(texts(hook('pass', BOTH, { files: failing, debug: true }))[0] ?? '', /RangeError: a bug at \S/);
  const unnamed = runHook({ ...callOf('pass', BOTH), name: undefined }, hostOf(thrower('text')));
  assert.equal(texts(unnamed), ['a domain: started: text']);
});

test('debug=1 reports one line per interrupt', () => {
  assert.is(texts(hook('pass', BOTH, { debug: true })).length, 5);
});

test('a domain without hostdevs and policy reports nothing', () => {
  assert.equal(hook('pass', '<domain><name>guest</name><devices/></domain>').lines, []);
});

test("the host's default applies to a domain without a policy", () => {
  root.configure('{ "default": "auto" }');
  hook('pass', BOTH.replace(/<metadata>.*<\/metadata>/, ''));
  assert.is(root.affinity(40), '2-3');
});

test("the domain's name is only logged, even if it looks like a path", () => {
  const xml = BOTH.replace('<name>guest</name>', '<name>../../../etc/x</name>');
  assert.equal(texts(hook('pass', xml)), ['guest: started: 4 set, 0 kept, 0 skipped, 0 failed']);
});

test('a UUID that is a path creates no file', () => {
  const before = readdirSync(root.join('run'));
  for (const uuid of ['../../../x', '..', '/etc/passwd', '']) {
    hook('pass', liveXml('<hostdev address="0000:06:12.5" cpuset="4"/>', { uuid }));
    assert.is(root.affinity(40), '4');
    hook('release', liveXml('', { uuid }));
  }
  assert.equal(readdirSync(root.join('run')), before);
});

test('an address that is a path matches no device', () => {
  const { lines } = hook('pass', liveXml('<hostdev address="../../.." cpuset="4"/>'));
  assert.match(lines[0]?.text ?? '', 'address="../../.." is not a canonical PCI address');
  assertUnchanged();
});

test('a device whose directory disappears is not a failure', () => {
  rmSync(root.join('sys/bus/pci/devices/0000:06:12.5'), { recursive: true });
  const { lines } = hook('pass', BOTH);
  assert.is(
    lines[0]?.text,
    'guest: started: 1 set, 0 kept, 0 skipped, 0 failed; 0000:06:12.5: the host has no device 0000:06:12.5',
  );
});

test('an interrupt that disappears between plan and write is not a failure', () => {
  const files = new RealFs(root.path);
  const open = files.openToWrite.bind(files);
  files.openToWrite = (path) => {
    const file = open(path);
    const write = file.write.bind(file);
    file.write = (text) => {
      rmSync(root.join('proc/irq/40'), { recursive: true, force: true });
      write(text);
    };
    return file;
  };
  assert.equal(texts(hook('pass', BOTH, { files })), ['guest: started: 3 set, 0 kept, 1 skipped, 0 failed']);
});

for (const [name, xml, message] of [
  ['empty', '', "the domain's XML, 1:1: the file is empty"],
  ['of something else', '<network/>', "the domain's XML, 1:1: <network> is not a libvirt domain"],
  ['binary', Buffer.from([0xff, 0xfe, 0, 1]), "the domain's XML, 1:1: the file is in UTF-16"],
  ['too large', Buffer.alloc(16 * 1024 * 1024 + 1, ' '), "the domain's XML, 1:1: the file is larger than 16 MiB"],
] as const) {
  test(`XML that is ${name}: one line, and nothing is written`, () => {
    for (const work of ['pass', 'release'] as const) {
      assert.equal(texts(hook(work, xml)), [`guest: ${OPERATIONS[work]}: ${message}`]);
    }
    assert.equal(hook('check', xml), { lines: [] });
    assertUnchanged();
  });
}

test('XML that is truncated anywhere: one line, and nothing is written', () => {
  const bytes = Buffer.from(BOTH.trimEnd());
  for (let length = 0; length < bytes.length; length += 7) {
    const { lines, refusal } = hook('pass', bytes.subarray(0, length));
    assert.is(lines.length, 1, `${length}`);
    assert.match(lines[0]?.text ?? '', /^guest: started: the domain's XML, \d+:\d+: /);
    assert.is(refusal, undefined);
  }
  assertUnchanged();
});

test('endless XML: one line', () => {
  const host = {
    files: new RealFs(root.path),
    state: new StateStore(root.path),
    root: root.path,
    pause: () => {},
  };
  const call = { action: 'pass' as const, name: 'guest', operation: 'started', input: { problem: 'it did not end' } };
  assert.equal(texts(runHook(call, { ...host, debug: false })), ['guest: started: it did not end']);
});

for (const [name, config, message] of [
  ['no JSON', '{', 'config.json:1:2: not JSON: '],
  ['a wrong key', '{\n  "onErorr": "abort"\n}', 'config.json:2:3: unknown key "onErorr" in the configuration'],
  ['a wrong value', '{ "allowedCpus": "9-1" }', 'config.json:1:19: allowedCpus '],
] as const) {
  test(`a configuration with ${name}: nothing is written, as it may forbid that, and no start is refused`, () => {
    root.configure(config);
    for (const work of ['pass', 'check'] as const) {
      const { lines, refusal } = hook(work, BOTH);
      assert.is(lines.length, 1);
      assert.ok(lines[0]?.text.includes(message), lines[0]?.text);
      assert.is(refusal, undefined);
    }
    assertUnchanged();
  });
}

test('a configuration that others may write to: nothing is written, and no start is refused', () => {
  root.configure('{ "onError": "abort", "allowedCpus": "7" }');
  chmodSync(root.join('etc/hostdev-cpuset/config.json'), 0o646);
  for (const work of ['pass', 'check'] as const) {
    const { lines, refusal } = hook(work, liveXml('<hostdev address="0000:06:12.5" cpuset="9"/>'));
    assert.is(lines.length, 1);
    assert.match(lines[0]?.text as string, /^guest: \w+: .+config\.json: writable by group or others/);
    assert.is(refusal, undefined);
  }
  assertUnchanged();
});

test('a broken configuration does not prevent a release', () => {
  hook('pass', BOTH);
  root.configure('{');
  root.handBack(16);
  hook('release', BOTH);
  assert.is(root.affinity(16), '0-7');
});

test('an invalid state is replaced', () => {
  const file = root.write(`run/hostdev-cpuset/${UUID}.json`, '{ "garbage');
  hook('pass', BOTH);
  assert.is(JSON.parse(readFileSync(file, 'utf8')).name, 'guest');
  writeFileSync(file, 'garbage once more, while everything is placed');
  assert.equal(texts(hook('pass', BOTH)), ['guest: started: 0 set, 4 kept, 0 skipped, 0 failed']);
  assert.is(JSON.parse(readFileSync(file, 'utf8')).name, 'guest');
});

test('interrupts are placed even if the state cannot be written', () => {
  root.write('run/hostdev-cpuset', 'a file where the folder should be');
  const [first, second, ...more] = texts(hook('pass', BOTH));
  assert.is(first, 'guest: started: 4 set, 0 kept, 0 skipped, 0 failed');
  assert.match(second ?? '', 'guest: started: state not saved: ');
  assert.equal(more, []);
});

test("the wait for another hook's lock of the same domain is limited", () => {
  root.write('run/hostdev-cpuset/none', '');
  symlinkSync(processIdentity(1), root.join(`run/hostdev-cpuset/${UUID}.lock`));
  assert.equal(texts(hook('pass', BOTH)), ['guest: started: 4 set, 0 kept, 0 skipped, 0 failed']);
  assert.ok(existsSync(root.join(`run/hostdev-cpuset/${UUID}.json`)));
});

const refusals = suite('hook before the start');
refusals.before.each(() => {
  root = new SimulatedRoot();
  root.configure('{ "onError": "abort" }');
});
refusals.after.each(() => root.remove());

refusals('a valid policy is not refused', () => {
  assert.equal(hook('check', BOTH), { lines: [] });
  assertUnchanged();
});

for (const [name, xml, message] of [
  [
    'none of its CPUs is online',
    liveXml('<hostdev address="0000:06:12.5" cpuset="8-9"/>'),
    'none of its CPUs is online',
  ],
  ['invalid', liveXml('<hostdev address="0000:06:12.5" cpuset="3-0"/>'), 'the range 3-0 is reversed'],
  ['an invalid default', liveXml('', { head: ' default="none"' }), 'default="none" is not auto or native'],
  ['XML that cannot be read', '<domain>', "the domain's XML, "],
] as const) {
  refusals(`${name}: refused if the configuration says so`, () => {
    const { lines, refusal } = hook('check', xml);
    assert.ok(refusal?.includes(message), refusal);
    assert.equal(lines, [{ priority: 'error', text: refusal }]);
    root.configure('{ "onError": "continue" }');
    assert.equal(hook('check', xml), { lines: [] });
  });
}

refusals('an unexpected error refuses no start; a refusal names the domain if known', () => {
  const files = new Watched((path) => {
    if (path === '/sys/devices/system/cpu/online') throw new RangeError('a bug');
  });
  assert.equal(hook('check', BOTH, { files }), { lines: [{ priority: 'error', text: 'guest: prepare: a bug' }] });
  const refusalFor = (name: string | undefined) =>
    runHook({ ...callOf('check', '<domain>'), name }, hostOf(new RealFs(root.path))).refusal;
  assert.match(refusalFor('guest') ?? '', /^guest: prepare: the domain's XML/);
  assert.match(refusalFor(undefined) ?? '', /^a domain: prepare: the domain's XML/);
});

refusals('a running domain is never refused', () => {
  const { refusal } = hook('pass', liveXml('<hostdev address="0000:06:12.5" cpuset="8-9"/>'));
  assert.is(refusal, undefined);
});

test.run();
refusals.run();
