import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { DomainJournal } from '../../../src/watch/output/journal-entry.js';

const test = suite('journal entries about domains');

function flood(found: (name: string) => { owner: string; isNamedByHost: boolean } | undefined) {
  const texts: string[] = [];
  const journal = new DomainJournal(({ text }) => texts.push(text));
  for (let number = 0; number < 1000; number++) {
    const name = `vm${number}`;
    const rest = { pid: 1, statedName: name, statedUuid: undefined, limit: undefined, problems: [] };
    const own = found(name);
    journal.added({ name, ...(own ? { found: { ...rest, ...own } } : {}) });
    journal.write({ priority: 'info', text: `${name}: placed`, domains: [name] });
    journal.removed(name);
  }
  journal.close();
  return texts;
}

test('a pod that starts guest after guest, each with another name, has the lines of one', () => {
  const texts = flood(() => ({ owner: 'pod a/b', isNamedByHost: false }));
  assert.is(texts.length, 21);
  assert.is(texts.at(-1), 'pod a/b: 1980 more lines like these were left out');
});

test('each domain of the host has its own', () => {
  assert.is(flood(() => undefined).length, 2000);
  assert.is(flood(() => ({ owner: 'root', isNamedByHost: true })).length, 2000);
});

test.run();
