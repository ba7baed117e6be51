// What people and monitoring ask of a host with 40 guests and 4,864 interrupts, compared with one pass of `enforce`
// over the same guests; the check of 4 guests, compared with Node's start.
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { layOutRunning, manyGuests } from '../dist/modules/test/simulator/running-guests.js';
import { folder, hostdevCpuset, inTurn, ms, report, run } from './measure.mjs';

export default function status() {
  const large = layOut(40, 256, [...Array(38).fill([4, 30]), [4, 38], [4, 38]]);
  const small = layOut(4, 16, Array(4).fill([1, 6]));
  const page = join(folder, 'page.html');
  const command = (name, root, ...args) => run(process.execPath, [hostdevCpuset, name, '--root', root, ...args]);
  // nothing is left to write for the passes that are measured
  const pass = (root) => command('enforce', root, ...names(root));
  const check = (root) => () => tolerant([hostdevCpuset, 'status', '--root', root, '--check']);
  try {
    for (const root of [large, small]) pass(root);
    const times = inTurn(5, [
      () => void pass(large),
      () => void command('status', large),
      check(large),
      () => void command('status', large, '--html', page),
      () => void run(process.execPath, ['-e', '0']),
      check(small),
    ]);
    const [enforce, overview, checkLarge, html, node, checkSmall] = times;
    const one = `a pass ${ms(enforce)}`;
    report('status: overview', `${one}, 40 guests ${ms(overview)}`, overview / enforce, { most: 1.5 });
    report('status: check', `${one}, --check ${ms(checkLarge)}`, checkLarge / enforce, { most: 2 });
    report('status: page', `40 guests, s`, html / 1000, { most: 2 });
    report('status: size of the page', `40 guests, MB`, statSync(page).size / 1e6, { most: 1.5 });
    report('status: check of 4', `node -e 0 ${ms(node)}, --check ${ms(checkSmall)}`, checkSmall / node, { most: 3 });
  } finally {
    for (const root of [large, small]) rmSync(root, { recursive: true });
  }
}

/** No watcher runs, so the check says 1. */
function tolerant(args) {
  try {
    run(process.execPath, args);
  } catch {}
}

function layOut(guests, cpus, shapes) {
  const base = existsSync('/dev/shm') ? '/dev/shm' : folder;
  const root = mkdtempSync(join(base, 'hostdev-cpuset-bench-'));
  const list = manyGuests(guests, cpus, 4, 30).map((_, index) => manyGuests(guests, cpus, ...shapes[index])[index]);
  layOutRunning(root, cpus, list);
  return root;
}

/** Of the running guests. */
function names(root) {
  const xml = readdirSync(join(root, 'run/libvirt/qemu')).filter((name) => name.endsWith('.xml'));
  return xml.map((name) => name.slice(0, -'.xml'.length));
}
