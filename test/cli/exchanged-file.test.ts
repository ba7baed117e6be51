import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { delimiter, join } from 'node:path';
import * as assert from 'uvu/assert';
import { removeMetrics, writeMetrics } from '../../src/report/metrics-file.js';
import { emptyCounters } from '../../src/runtime/counters.js';
import { InstanceLock } from '../../src/runtime/instance-lock.js';
import { RuntimeFile } from '../../src/runtime/runtime-file.js';
import { projectRoot, runCli } from '../support/cli.js';
import { GOOD } from '../support/domains.js';
import { needs, suiteWhere } from '../support/needs.js';
import { AS_OTHER_USER, OTHER_USER, otherUserRuns } from '../support/ordinary-user.js';
import type { Outcome } from '../support/run.js';
import { Workstation } from '../support/simulated-tree.js';
import { TemporaryFolder } from '../support/temporary-folder.js';

const test = suiteWhere('root writes in a directory of another user', needs('another-user'));
/** Limit for a call that may block on a FIFO. */
const TIME_LIMIT_MS = 30_000;
let folder: TemporaryFolder;
let victim: string;
test.before.each(() => {
  folder = new TemporaryFolder();
  chmodSync(folder.path, 0o755);
  victim = folder.write('victim', 'secret');
  chmodSync(victim, 0o600);
  mkdirSync(folder.join('theirs'));
  chownSync(folder.join('theirs'), OTHER_USER, OTHER_USER);
});
test.after.each(() => folder.remove());

/** Creates a file of the other user in their directory. */
function theirs(name: string, text: string): string {
  const path = folder.write(`theirs/${name}`, text);
  chownSync(path, OTHER_USER, OTHER_USER);
  return path;
}

/** A cp on PATH that lets the other user act between the write of the new file and its rename. */
function withCpAfter(script: string): NodeJS.ProcessEnv {
  const words = AS_OTHER_USER.join(' ');
  const cp = `#!/bin/sh\nPATH=\${PATH#*:}\n(cd '${folder.join('theirs')}' && ${words} sh -e -c "$SCRIPT")\nexec cp "$@"\n`;
  chmodSync(folder.write('bin/cp', cp), 0o755);
  return { ...process.env, PATH: `${folder.join('bin')}${delimiter}${process.env.PATH}`, SCRIPT: script };
}

const normalize = (path: string, env = process.env): Promise<Outcome> =>
  runCli('hostdev-cpuset', ['normalize', '--no-check', '--in-place', path], { env, timeLimit: TIME_LIMIT_MS });

function assertVictimUnchanged(): void {
  const { uid, mode } = statSync(victim);
  assert.equal([uid, mode & 0o777, readFileSync(victim, 'utf8')], [0, 0o600, 'secret']);
}

test('a temporary file that is replaced by a link discloses nothing and is not renamed to the document', async () => {
  const path = theirs('guest.xml', GOOD);
  chmodSync(path, 0o666);
  const env = withCpAfter(`for new in .hostdev-cpuset-*; do rm -f "$new"; ln -s '${victim}' "$new"; done`);
  const { code, stderr } = await normalize(path, env);
  assertVictimUnchanged();
  assert.is(code, 2);
  assert.match(
    stderr,
    /guest\.xml: cannot be replaced: another program has replaced [^\n]+\/theirs\/\.hostdev-cpuset-[\w.-]+\n$/,
  );
  assert.is(readFileSync(path, 'utf8'), GOOD);
});

test('a temporary file of a page that is replaced by a link discloses nothing', async () => {
  const host = new Workstation();
  try {
    const path = theirs('page.html', 'old');
    const env = withCpAfter(`for new in .hostdev-cpuset-*; do rm -f "$new"; ln -s '${victim}' "$new"; done`);
    const words = ['status', '--root', host.root, '--html', path, join(projectRoot, 'samples/gpu.xml')];
    const { code, stderr } = await runCli('hostdev-cpuset', words, { env, timeLimit: TIME_LIMIT_MS });
    assertVictimUnchanged();
    assert.is(code, 2);
    assert.match(stderr, 'page.html: cannot be written: another program has replaced ');
    assert.is(readFileSync(path, 'utf8'), 'old');
  } finally {
    host.remove();
  }
});

test('a document that is replaced by a FIFO does not block', async () => {
  const path = theirs('guest.xml', GOOD);
  const { code, stderr } = await normalize(path, withCpAfter('rm guest.xml; mkfifo guest.xml'));
  assert.is(code, 2);
  assert.is(stderr, `hostdev-cpuset: ${path}: cannot be replaced: it has changed meanwhile\n`);
  assert.ok(lstatSync(path).isFIFO());
  assert.equal(readdirSync(folder.join('theirs')), ['guest.xml']);
});

test("a document that is replaced by another file with the same text keeps that file's owner", async () => {
  const path = theirs('guest.xml', GOOD);
  await normalize(path, withCpAfter('cp guest.xml copy; mv copy guest.xml'));
  assert.is(readFileSync(path, 'utf8'), GOOD);
});

test('a replaced file keeps its owner', async () => {
  const path = theirs('guest.xml', GOOD);
  chmodSync(path, 0o640);
  const { code, stderr } = await normalize(path);
  assert.equal([code, stderr], [0, '']);
  const { uid, gid, mode } = statSync(path);
  assert.equal([uid, gid, mode & 0o7777], [OTHER_USER, OTHER_USER, 0o640]);
  assert.match(readFileSync(path, 'utf8'), 'urn:hostdev-cpuset:1');
});

test("another user's link is followed only to a file of the same user", async () => {
  const own = theirs('repository.xml', GOOD);
  const foreign = folder.write('foreign.xml', GOOD);
  mkdirSync(folder.join('definitions'));
  writeFileSync(folder.join('definitions/guest.xml'), GOOD);
  otherUserRuns(
    `cd "$1/theirs"; ln -s repository.xml a.xml; ln -s ../foreign.xml b.xml; ln -s ../definitions c`,
    folder.path,
  );
  assert.is((await normalize(folder.join('theirs/a.xml'))).code, 0);
  assert.match(readFileSync(own, 'utf8'), 'urn:hostdev-cpuset:1');
  for (const [path, target] of [
    ['b.xml', foreign],
    ['c/guest.xml', folder.join('definitions/guest.xml')],
  ] as const) {
    const { code, stderr } = await normalize(folder.join('theirs', path));
    assert.is(code, 2);
    assert.match(
      stderr,
      /: cannot be replaced: [^\n]+ is a link of another user \(uid 65534\), and is not followed\n$/,
    );
    assert.is(readFileSync(target, 'utf8'), GOOD);
  }
});

test("root's own links are followed to any file", async () => {
  const path = theirs('guest.xml', GOOD);
  symlinkSync('theirs/guest.xml', folder.join('link.xml'));
  assert.is((await normalize(folder.join('link.xml'))).code, 0);
  assert.match(readFileSync(path, 'utf8'), 'urn:hostdev-cpuset:1');
});

test("a page is not written through another user's link", async () => {
  const host = new Workstation();
  try {
    mkdirSync(folder.join('mine'));
    otherUserRuns('cd "$1/theirs"; ln -s ../victim page.html; ln -s ../mine folder', folder.path);
    for (const path of ['theirs/page.html', 'theirs/folder/page.html']) {
      const words = ['status', '--root', host.root, '--html', folder.join(path), join(projectRoot, 'samples/gpu.xml')];
      const { code, stderr } = await runCli('hostdev-cpuset', words, { timeLimit: TIME_LIMIT_MS });
      assert.is(code, 2);
      assert.match(stderr, /: cannot be written: [^\n]*link[^\n]*\n$/);
    }
    assertVictimUnchanged();
    assert.equal(readdirSync(folder.join('mine')), []);
  } finally {
    host.remove();
  }
});

test('a page is not written to a FIFO without a reader', async () => {
  const host = new Workstation();
  try {
    otherUserRuns('mkfifo "$1/theirs/page.html"', folder.path);
    const words = ['status', '--root', host.root, '--html', folder.join('theirs/page.html')];
    const all = [...words, join(projectRoot, 'samples/gpu.xml')];
    const { code, stderr } = await runCli('hostdev-cpuset', all, { timeLimit: TIME_LIMIT_MS });
    assert.is(code, 2);
    assert.match(stderr, /page\.html: cannot be written: no process has the other end open\n$/);
  } finally {
    host.remove();
  }
});

test("metrics are not written through another user's link", () => {
  mkdirSync(folder.join('mine'));
  otherUserRuns('ln -s ../mine "$1/theirs/collector"', folder.path);
  const sample = {
    counters: emptyCounters(),
    domainCounts: [],
    strays: [],
    tracing: true,
    version: '1',
    since: 0,
    at: 0,
  };
  assert.throws(() => writeMetrics(folder.join('theirs/collector/x.prom'), sample), /is a link of another user/);
  assert.equal(readdirSync(folder.join('mine')), []);
  folder.write('mine/x.prom', '');
  assert.throws(() => removeMetrics(folder.join('theirs/collector/x.prom')), /is a link of another user/);
  assert.equal(readdirSync(folder.join('mine')), ['x.prom']);
  otherUserRuns('ln -s ../victim "$1/theirs/x.prom"', folder.path);
  writeMetrics(folder.join('theirs/x.prom'), sample);
  assertVictimUnchanged();
  assert.ok(lstatSync(folder.join('theirs/x.prom')).isFile());
  otherUserRuns('rm "$1/theirs/x.prom" && ln -s ../victim "$1/theirs/x.prom"', folder.path);
  removeMetrics(folder.join('theirs/x.prom'));
  assertVictimUnchanged();
});

test('a watch.pid of another user is ignored, as its process would be ended', () => {
  const place = new InstanceLock(folder.path);
  place.take();
  assert.is(place.holder(), process.pid);
  chownSync(folder.join('run/hostdev-cpuset/watch.pid'), OTHER_USER, OTHER_USER);
  assert.is(place.holder(), undefined);
});

test('a restore.json of another user is ignored', () => {
  const file = new RuntimeFile(folder.path, 'restore.json');
  file.write('[]');
  assert.is(file.read(), '[]');
  chownSync(folder.join('run/hostdev-cpuset/restore.json'), OTHER_USER, OTHER_USER);
  assert.is(file.read(), undefined);
  replaceByFifo(folder.join('run/hostdev-cpuset/restore.json'));
  assert.is(file.read(), undefined);
});

/** Replaces a file by a FIFO. */
function replaceByFifo(path: string): void {
  assert.is(spawnSync('sh', ['-c', 'rm -f "$1"; mkfifo "$1"', 'sh', path]).status, 0);
  assert.ok(existsSync(path));
}

test.run();
