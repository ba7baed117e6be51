// npm run bench [NAME...]: the figures of bench/README.md. Both sides of a figure are measured in turn in one run, so that what else
// the machine does hits both; the medians are compared. Exits 1 where a figure misses its bound or could not be measured.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { guest } from './guests.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const lintDomain = join(root, 'dist/bin/lint-domain.cjs');
const grammar = join(root, 'rng/domain.rng');

const figures = { cold, many, normalize, linear };

const names = process.argv.slice(2);
const unknown = names.find((name) => !(name in figures));
if (unknown || !existsSync(lintDomain)) {
  const message = unknown ? `no figure ${unknown}: one of ${Object.keys(figures).join(', ')}` : 'npm run build first';
  console.error(`bench: ${message}`);
  process.exit(2);
}
console.log(`Node ${process.version}, ${availableParallelism()} x ${cpus()[0]?.model.trim() ?? 'unknown CPU'}`);
const folder = mkdtempSync(join(tmpdir(), 'hostdev-cpuset-bench-'));
try {
  for (const name of names.length > 0 ? names : Object.keys(figures)) await figures[name]();
} finally {
  rmSync(folder, { recursive: true });
}

/** One file: what is added to the start of Node itself. */
function cold() {
  const [file] = writeGuests(1);
  const [node, lint] = inTurn(41, [
    () => run(process.execPath, ['-e', '0']),
    () => run(process.execPath, [lintDomain, file]),
  ]);
  const sides = `node -e 0 ${ms(node)}, lint-domain f.xml ${ms(lint)}`;
  report('cold', sides, lint / node, { most: 1.5 });
}

/** Many files: against xmllint in one call, and against libvirt's own script, which takes one file a call. */
function many() {
  const files = writeGuests(1000);
  const looped = writeGuests(40, 'plain', { policies: false });
  const virtXmlValidate = () => {
    for (const file of looped) run('virt-xml-validate', [file, 'domain']);
  };
  const [xmllint, lint, loop] = inTurn(9, [
    () => run('xmllint', ['--noout', '--relaxng', grammar, ...files]),
    () => run(process.execPath, [lintDomain, ...files]),
    ...(isInstalled('virt-xml-validate') ? [virtXmlValidate] : []),
  ]);
  const rate = (time, count) => `${Math.round((count / time) * 1000)} documents/s`;
  const ours = `lint-domain ${rate(lint, files.length)}`;
  report('many: xmllint', `xmllint ${rate(xmllint, files.length)}, ${ours}`, xmllint / lint, { least: 0.8 });
  if (loop === undefined) return missing('many: loop', 'virt-xml-validate (Debian package libvirt-clients)');
  const ratio = loop / looped.length / (lint / files.length);
  report('many: loop', `virt-xml-validate ${rate(loop, looped.length)}, ${ours}`, ratio, { least: 30 });
}

/** In one process, warm: from bytes to bytes. */
async function normalize() {
  const normalizeBytes = await library();
  const documents = Array.from({ length: 1000 }, (_, number) => Buffer.from(guest(number)));
  const all = () => documents.forEach(normalizeBytes);
  const [time] = inTurn(9, [all], 3);
  const size = documents.reduce((sum, { length }) => sum + length, 0) / documents.length;
  const sides = `documents of ${Math.round(size)} bytes, documents/s`;
  report('normalize', sides, (documents.length / time) * 1000, { least: 3000 });
}

/** The time of a byte in a document of 10 MB, against that in one of 100 KB. */
async function linear() {
  const normalizeBytes = await library();
  const [small, large] = [100e3, 10e6].map(guestOfSize);
  const [timeOfSmall, timeOfLarge] = inTurn(7, [
    () => {
      for (let i = 0; i < 20; i++) normalizeBytes(small);
    },
    () => normalizeBytes(large),
  ]);
  const [a, b] = [(timeOfSmall / 20 / small.length) * 1e6, (timeOfLarge / large.length) * 1e6];
  const sides = `${kilobytes(small)} ${a.toFixed(0)} ns/byte, ${kilobytes(large)} ${b.toFixed(0)} ns/byte`;
  report('linear', sides, b / a, { most: 1.5 });
}

async function library() {
  const { decode, normalize, parseXml, readDefinition } = await import('../dist/index.js');
  return (bytes) => Buffer.from(normalize(readDefinition(parseXml(decode(bytes).text))));
}

function guestOfSize(bytes) {
  const [none, some] = [guest(1, { devices: 0 }).length, guest(1, { devices: 100 }).length];
  return Buffer.from(guest(1, { devices: Math.round(((bytes - none) / (some - none)) * 100) }));
}

function writeGuests(count, prefix = 'guest', options = {}) {
  return Array.from({ length: count }, (_, number) => {
    const file = join(folder, `${prefix}-${number}.xml`);
    writeFileSync(file, guest(number, options));
    return file;
  });
}

/** The median time of each side in milliseconds, after `warmUps` rounds that do not count. */
function inTurn(rounds, sides, warmUps = 1) {
  const times = sides.map(() => []);
  for (let round = -warmUps; round < rounds; round++) {
    for (const [index, side] of sides.entries()) {
      const start = performance.now();
      side();
      if (round >= 0) times[index].push(performance.now() - start);
    }
  }
  return times.map((list) => list.sort((a, b) => a - b)[list.length >> 1]);
}

/** Its verdict is part of the measurement: a side that fails early would win. */
function run(command, args) {
  const { status, error, stderr } = spawnSync(command, args, { stdio: ['ignore', 'pipe', 'pipe'], encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} failed: ${error?.message ?? stderr.slice(0, 500)}`);
}

function isInstalled(command) {
  return spawnSync(command, ['--version'], { stdio: 'ignore' }).error === undefined;
}

function report(name, sides, value, { most, least }) {
  const passed = most === undefined ? value >= least : value <= most;
  const bound = most === undefined ? `at least ${least}` : `at most ${most}`;
  const shown = value >= 100 ? Math.round(value) : value.toFixed(2);
  console.log(`${passed ? 'PASS' : 'FAIL'}  ${name}: ${shown} (${bound}); ${sides}`);
  if (!passed) process.exitCode = 1;
}

function missing(name, tool) {
  console.log(`FAIL  ${name}: not measured for want of ${tool}`);
  process.exitCode = 1;
}

function ms(time) {
  return `${time.toFixed(1)} ms`;
}

function kilobytes({ length }) {
  return `${Math.round(length / 1000)} KB`;
}
