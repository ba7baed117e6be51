// How long libvirt waits for the hook on a host with many guests: 200 calls at once without a watcher, and the release
// of a domain while many other domains have state files.
import { spawn } from 'node:child_process';
import { chmodSync, closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BenchHost } from './hosts.mjs';
import { folder, hostdevCpuset, inTurn, ms, report, root, run } from './measure.mjs';

const CALLS = 200;
const STATES = 600;
const UUID = '5b1c2ad4-9f0e-4c39-8a53-0e6c3c1f7a10';

export default async function hookMany() {
  await atOnce();
  release();
}

async function atOnce() {
  const host = new BenchHost(2, 3);
  host.reset();
  try {
    const front = installFront('many', host.path, hostdevCpuset);
    const times = await Promise.all(Array.from({ length: CALLS }, (_, index) => call(front, host.xml, index)));
    const slowest = Math.max(...times) / 1000;
    report('hook: 200 at once', `no watcher, all with status 0; slowest, s`, slowest, { most: 10 });
  } finally {
    host.remove();
  }
}

/** Time from the start of a call until libvirt would continue, in milliseconds. */
function call(front, xml, index) {
  const file = join(folder, `many-${index}.xml`);
  const uuid = `${UUID.slice(0, -4)}${String(index).padStart(4, '0')}`;
  writeFileSync(file, xml.replace(/<uuid>[^<]*/, `<uuid>${uuid}`));
  const input = openSync(file);
  const start = performance.now();
  const child = spawn(front, [`guest${index}`, 'started', 'begin', '-'], { stdio: [input, 'ignore', 'pipe'] });
  closeSync(input);
  child.stderr.resume();
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve(performance.now() - start);
      else reject(new Error(`call ${index} ended with ${code}`));
    });
  });
}

/** Release of a domain with a definition of 16 MB and no state file, while other domains have state files. */
function release() {
  const xml = join(folder, 'large.xml');
  const comment = `<!--${'x'.repeat(16_000_000)}-->`;
  writeFileSync(xml, `<domain><name>guest</name><uuid>${UUID}</uuid>${comment}</domain>`);
  const side = (states) => {
    const path = join(folder, `states-${states}`);
    const state = join(path, 'run/hostdev-cpuset');
    mkdirSync(state, { recursive: true });
    for (let index = 0; index < states; index++)
      writeFileSync(join(state, `00000000-0000-0000-0000-${String(index).padStart(12, '0')}.json`), '{}');
    const front = installFront(`release-${states}`, path, '/nonexistent');
    return () => {
      const input = openSync(xml);
      run(front, ['guest', 'release', 'end', '-'], { input });
      closeSync(input);
    };
  };
  const [one, many] = inTurn(5, [side(1), side(STATES)]);
  report('hook: release, linear', `1 state ${ms(one)}, 600 states ${ms(many)}`, many / one, { most: 1.5 });
}

function installFront(name, path, cli) {
  const file = join(folder, `qemu-${name}`);
  const settings = { node: process.execPath, cli, root: path, watcher: 'no' };
  const text = readFileSync(join(root, 'hook/qemu'), 'utf8');
  writeFileSync(
    file,
    text.replace(/^(node|cli|root|watcher)=''$/gm, (_, setting) => `${setting}='${settings[setting]}'`),
  );
  chmodSync(file, 0o755);
  return file;
}
