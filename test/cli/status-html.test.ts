import { existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { emptyCounters } from '../../src/runtime/counters.js';
import { InstanceLock } from '../../src/runtime/instance-lock.js';
import { writeWatcherStatus } from '../../src/runtime/watcher-status.js';
import { projectRoot } from '../support/cli.js';
import { runInProcess } from '../support/cli-in-process.js';
import { ELSEWHERE, guestOn, IN_PLACE, RunningHost } from '../support/running-host.js';
import { Workstation } from '../support/simulated-tree.js';

const test = suite('status --html');
const gpu = join(projectRoot, 'samples/gpu.xml');
let host: Workstation;
test.before.each(() => {
  host = new Workstation();
});
test.after.each(() => host.remove());

const status = (...args: string[]) => runInProcess('hostdev-cpuset', ['status', '--root', host.root, ...args]);

test('a file is created or replaced, and no other file is left', async () => {
  const path = host.join('page.html');
  for (const before of [undefined, 'older']) {
    if (before) host.write('page.html', before);
    const { code, stdout, stderr } = await status('--html', path, gpu);
    assert.is(stdout + stderr, '');
    assert.is(code, 0);
    assert.match(readFileSync(path, 'utf8'), /^<!DOCTYPE html>[\s\S]*<\/html>\n$/);
  }
  assert.is(statSync(path).mode & 0o600, 0o600);
  assert.equal(readdirSync(host.path).sort(), ['host', 'page.html']);
});

test('the header shows whether a watcher runs', async () => {
  const { stdout } = await status('--html', '-', gpu);
  assert.match(stdout, /<header>[\s\S]*<p class="soft">no watcher runs: [^<]*<\/p>\s*<\/header>/);
});

test('- means standard output', async () => {
  const { code, stdout } = await status('--html', '-', gpu);
  assert.is(code, 0);
  assert.match(stdout, /^<!DOCTYPE html>[\s\S]*workstation[\s\S]*<\/html>\n$/);
  assert.not.ok(existsSync('-'));
});

test('a failed write is reported in one line, and leaves no file', async () => {
  mkdirSync(host.join('a-folder'));
  for (const [name, reason] of [
    ['a-folder', 'is a directory'],
    ['absent/page.html', 'no such directory'],
  ] as const) {
    const { code, stderr } = await status('--html', host.join(name), gpu);
    assert.is(stderr, `hostdev-cpuset: ${host.join(name)}: cannot be written: ${reason}\n`);
    assert.is(code, 2);
  }
  assert.equal(readdirSync(host.path).sort(), ['a-folder', 'host']);
});

test('if one document has errors, the others are shown, and the exit status is 1', async () => {
  const bad = host.write('bad.xml', '<domain>');
  const { code, stdout, stderr } = await status('--html', '-', bad, gpu);
  assert.match(stderr, /bad\.xml:1:\d+: error: /);
  assert.match(stdout, /<h3><span class="sign hue0">A<\/span> workstation<\/h3>/);
  assert.is(code, 1);
});

test('a definition whose error the plan reports makes the exit status 1, as without --html', async () => {
  const own = new RunningHost([{ ...guestOn('a'), devices: [{ node: 0, policy: '9-3', interrupts: [IN_PLACE] }] }]);
  try {
    for (const args of [['--html', '-'], []]) {
      const { code, stdout } = await runInProcess('hostdev-cpuset', ['status', '--root', own.root, ...args]);
      assert.match(stdout, 'metadata-syntax');
      assert.is(code, 1);
    }
  } finally {
    own.remove();
  }
});

test('--html needs a file name', async () => {
  const { code, stderr } = await status('--html', '', gpu);
  assert.is(stderr, 'hostdev-cpuset: --html takes a file, or - for standard output\n');
  assert.is(code, 2);
});

test('--html excludes --json, --watch, --details and filters', async () => {
  for (const other of ['--json', '--watch', '-w', '--details', '--misplaced']) {
    const { code, stderr } = await status('--html', '-', other);
    assert.is(stderr, `hostdev-cpuset: --html and ${other} cannot be used together\n`);
    assert.is(code, 2);
  }
});

test('guests are in the order of their numbers, and misplaced and contested interrupts are counted', async () => {
  const own = new RunningHost([guestOn('vnf-10', IN_PLACE), guestOn('vnf-2', ELSEWHERE, IN_PLACE)]);
  try {
    const contested = [{ domain: 'vnf-10', address: '0000:10:00.0', irq: 100 }];
    new InstanceLock(own.root).take();
    writeWatcherStatus(own.root, {
      ...{ pid: process.pid, since: '2026-01-01T00:00:00Z', untilIdle: false, way: 'events', reason: null },
      counters: { ...emptyCounters(), contestedNow: 1 },
      contested,
    });
    const { stdout } = await runInProcess('hostdev-cpuset', ['status', '--root', own.root, '--html', '-']);
    const names = [...stdout.matchAll(/<h3><span class="sign hue(\d)">(.)<\/span> ([^<]+)/g)];
    assert.equal(
      names.map(([, ...words]) => words.join(' ')),
      ['0 A vnf-2', '1 B vnf-10'],
    );
    assert.match(stdout, '<dt>misplaced</dt><dd><a href="#misplaced">1</a></dd>');
    assert.match(stdout, '<dt>contested</dt><dd>1</dd>');
    assert.match(stdout, '<b class="open">contested</b>');
    assert.not.match(stdout, 'not placed<');
  } finally {
    own.remove();
  }
});

test.run();
