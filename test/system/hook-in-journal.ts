// Run by journal.test.ts with its own journald: calls the hook for a start on a simulated host with that journal.
import { symlinkSync } from 'node:fs';
import { installFront } from '../hook/installed-front.js';
import { BOTH, SimulatedRoot } from '../hook/simulated-root.js';
import { projectRoot } from '../support/cli.js';
import { run } from '../support/run.js';

async function main(): Promise<void> {
  const root = new SimulatedRoot();
  try {
    root.write('run/systemd/none', '');
    symlinkSync('/run/systemd/journal', root.join('run/systemd/journal'));
    const cli = `${projectRoot}dist/bin/hostdev-cpuset.cjs`;
    const front = installFront(root, { node: process.execPath, cli, root: root.path, watcher: 'no' });
    const started = () => run(front, ['guest', 'started', 'begin', '-'], { input: BOTH });
    const outcomes = [await started()];
    root.configure('{ "x": 1 }');
    outcomes.push(await started());
    const output = outcomes.map(({ code, stdout, stderr }) => `${code}${stdout}${stderr}`).join();
    if (output !== '0,0') throw new Error(`not sent:  ${output}`);
  } finally {
    root.remove();
  }
}

void main();
