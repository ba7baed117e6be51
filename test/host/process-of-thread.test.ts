import { readdirSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { processOfThread } from '../../src/host/process-of-thread.js';
import { RealFs } from '../../src/host/real-fs.js';

const test = suite('process of a thread');

test('a thread has its process, and a thread that does not exist has none', () => {
  const files = new RealFs('');
  for (const thread of readdirSync('/proc/self/task')) assert.is(processOfThread(files, Number(thread)), process.pid);
  assert.is(processOfThread(files, 0), undefined);
});

test.run();
