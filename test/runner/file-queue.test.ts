import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { projectRoot } from '../support/cli.js';
import { TemporaryFolder } from '../support/temporary-folder.js';

type LongestFirst = (files: string[], durations: Record<string, number>) => string[];

const queue = suite('order of test files');

queue('unknown files come first, slow ones before large ones, then the longest', async () => {
  const { longestFirst } = (await import(`${projectRoot}scripts/test/file-queue.mjs`)) as {
    longestFirst: LongestFirst;
  };
  const folder = new TemporaryFolder();
  try {
    const [short, long, small, large, slow] = ['short', 'long', 'small', 'large', 'simulation'].map((name) =>
      folder.write(`${name}.test.ts`, 'x'.repeat(name === 'large' ? 2 : 1)),
    ) as [string, string, string, string, string];
    const order = longestFirst([short, small, long, slow, large], { [short]: 10, [long]: 2000 });
    assert.equal(order, [slow, large, small, long, short]);
  } finally {
    folder.remove();
  }
});

queue.run();
