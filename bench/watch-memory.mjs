// Memory of a complete watcher process that manages 1,024 interrupts of 64 devices. It learns of the guests from the
// hook's spool.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, layOut } from './managed-hosts.mjs';
import { hostdevCpuset, missing, report } from './measure.mjs';

const INTERRUPTS = 16;
const DEVICES = 64;
/** The interrupts must be placed within this time. */
const START_TIMEOUT_S = 30;
/** Then the watcher runs for this time: about 600 polls. */
const RUN_S = 60;
/** A URI where no libvirt daemon answers. */
const NO_LIBVIRT = ['-c', 'qemu+unix:///system?socket=/nonexistent'];

export default async function watchMemory() {
  const { kernel, guests, texts } = describe(DEVICES, INTERRUPTS);
  const root = layOut(kernel);
  const run = join(root, 'run/hostdev-cpuset');
  mkdirSync(join(run, 'spool'), { recursive: true, mode: 0o700 });
  for (const [index, { uuid }] of guests.entries()) leave(run, uuid, texts[index]);
  const watcher = spawn(process.execPath, [hostdevCpuset, 'watch', '--root', root, ...NO_LIBVIRT], { stdio: 'ignore' });
  try {
    if (!(await allManaged(run))) return missing('watch: memory', 'a watcher that manages them all');
    await sleep(RUN_S * 1000);
    const [peak, now] = ['VmHWM', 'VmRSS'].map((name) => memory(watcher.pid, name));
    const sides = `${DEVICES * INTERRUPTS} interrupts managed for ${RUN_S} s, now ${now.toFixed(1)} MB, at the most`;
    report('watch: memory', `${sides}, MB`, peak, { most: 78 });
  } finally {
    const ended = once(watcher, 'exit');
    watcher.kill();
    // it removes files of its own there
    await ended;
    rmSync(root, { recursive: true });
  }
}

/** Writes a call to the spool as hook/qemu does. */
function leave(run, uuid, xml) {
  const begun = join(run, 'spool', `.${uuid}`);
  writeFileSync(begun, `started\n${xml}`);
  renameSync(begun, join(run, 'spool', uuid));
}

async function allManaged(run) {
  for (let tries = 0; tries < START_TIMEOUT_S * 10; tries++) {
    await sleep(100);
    try {
      const { counters } = JSON.parse(readFileSync(join(run, 'watch.json'), 'utf8'));
      if (counters.interrupts === DEVICES * INTERRUPTS) return true;
    } catch {
      // The file does not exist yet.
    }
  }
  return false;
}

/** A memory field of /proc/PID/status, in megabytes. */
function memory(pid, name) {
  return (
    Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1000
  );
}
