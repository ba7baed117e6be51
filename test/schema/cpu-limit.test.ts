import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { CpuLimit } from '../../src/schema/cpu-limit.js';

const test = suite('CPU time limit');
const children: ChildProcess[] = [];
test.after.each(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

async function start(script: string): Promise<ChildProcess> {
  const child = spawn(process.execPath, ['-e', script], { stdio: ['pipe', 'ignore', 'ignore'] });
  children.push(child);
  await once(child, 'spawn');
  return child;
}

const spentBy = ({ pid }: ChildProcess, milliseconds: number) =>
  new Promise<CpuLimit>((resolve) => {
    const limit: CpuLimit = new CpuLimit(pid, milliseconds, () => resolve(limit));
  });

test('the limit is reached by a process that computes, and by one that waits', async () => {
  await spentBy(await start('for (;;);'), 300);
  await spentBy(await start('process.stdin.resume()'), 300);
});

test('a cleared limit is never reached', async () => {
  const busy = await start('for (;;);');
  let isExceeded = false;
  const limit = new CpuLimit(busy.pid, 20, () => {
    isExceeded = true;
  });
  limit.clear();
  await spentBy(busy, 100);
  assert.not(isExceeded);
});

test.run();
