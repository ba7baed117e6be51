// One pass that must write all 10,000 interrupts of 1,000 devices. Compared with a C program that makes the same file
// accesses, and with the usual shell loop.
import { closeSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { enforceDomain } from '../dist/modules/src/affinity/reconcile-domain.js';
import { readDomainXml } from '../dist/modules/src/libvirt/domain-xml.js';
import { StateStore } from '../dist/modules/src/runtime/state-store.js';
import { BenchHost, WANTED } from './hosts.mjs';
import { filesBelow } from './managed-hosts.mjs';
import { folder, inTurn, isInstalled, missing, report, root, run } from './measure.mjs';

const LOOP = `for device in "$1"/sys/bus/pci/devices/*; do
  for irq in $(ls "$device/msi_irqs"); do
    file=$1/proc/irq/$irq/smp_affinity
    [ "$(cat "$file")" = ${WANTED} ] || echo ${WANTED} > "$file"
  done
done`;

export default function pass() {
  const [large, some, small] = [new BenchHost(1000, 10), new BenchHost(10, 10), new BenchHost(1, 10)];
  try {
    const inC = isInstalled('gcc') ? replay(large) : undefined;
    const times = inTurn(9, [() => again(large), () => hundredTimes(small), () => loop(some), ...(inC ? [inC] : [])], {
      warmUps: 2,
    });
    const [ours, few, shell, c] = [times[0] / 10_000, times[1] / 1000, times[2] / 100, times[3] / 10_000];
    const passTime = `a pass ${microseconds(ours)} an interrupt`;
    report('pass: linear', `of 10 ${microseconds(few)}, of 10,000 ${microseconds(ours)}`, ours / few, { most: 1.5 });
    if (inC) report('pass: C', `C ${microseconds(c)}, ${passTime}`, ours / c, { most: 3 });
    else missing('pass: C', 'gcc');
    report('pass: loop of the shell', `sh ${microseconds(shell)}, ${passTime}`, shell / ours, { least: 20 });
  } finally {
    for (const host of [large, some, small]) host.remove();
  }
}

/** Makes the same accesses, read from a list, in a process that does nothing else. */
function replay(host) {
  const calls = join(folder, 'calls');
  writeFileSync(calls, accesses(host).join(''));
  const program = join(folder, 'replay');
  run('gcc', ['-O2', '-o', program, join(root, 'bench/replay.c')]);
  return () => {
    host.reset();
    const input = openSync(calls);
    const time = Number(run(program, [], { input }));
    closeSync(input);
    return time;
  };
}

function loop(host) {
  host.reset();
  const start = performance.now();
  run('sh', ['-c', LOOP, 'sh', host.path]);
  return performance.now() - start;
}

function hundredTimes(host) {
  return Array.from({ length: 100 }, () => again(host)).reduce((sum, time) => sum + time);
}

/** Runs one pass, from the definition to the report. Returns its time in milliseconds. */
function again(host) {
  host.reset();
  const definition = definitionOf(host);
  const start = performance.now();
  const { applied, stateError } = enforceDomain(passHost(host, filesBelow(host.path)), definition);
  const time = performance.now() - start;
  const set = applied.devices.flatMap(({ interrupts }) => interrupts).filter(({ action }) => action === 'set').length;
  if (stateError || set !== host.irqs.length) throw stateError ?? new Error(`${set} of ${host.irqs.length} set`);
  return time;
}

function definitionOf(host) {
  host.definition ??= readDomainXml(Buffer.from(host.xml));
  return host.definition;
}

function passHost({ path }, files) {
  return { files, state: new StateStore(path), settings: {}, pause: () => {}, counts: false };
}

/** The file accesses of a pass, one per line. */
function accesses(host) {
  const files = filesBelow(host.path);
  const lines = [];
  const noted = (kind, method) => (path, text) => {
    lines.push(`${kind} ${host.path}${path}${text === undefined ? '\n' : ` ${text}`}`);
    return files[method](path, text);
  };
  const noting = {
    read: noted('r', 'read'),
    list: noted('d', 'list'),
    link: noted('l', 'link'),
    // One call of stat a guest, which the C program does not make.
    countFolders: (path) => files.countFolders(path),
    // The C program opens the file when it writes.
    openToWrite: (path) => {
      const file = files.openToWrite(path);
      const write = (text) => {
        lines.push(`w ${host.path}${path} ${text}`);
        file.write(text);
      };
      return { read: () => file.read(), isKept: file.isKept, write, close: () => file.close() };
    },
  };
  host.reset();
  enforceDomain(passHost(host, noting), definitionOf(host));
  return lines;
}

function microseconds(time) {
  return `${(time * 1000).toFixed(1)} us`;
}
