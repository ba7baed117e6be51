import * as assert from 'uvu/assert';
import { needs, suiteWhere } from '../support/needs.js';
import { journalOf } from './private-journald.js';

const test = suiteWhere('journal with a real journald', needs('journald', 'logger', 'mount-namespace'));

test('entries have their fields', async () => {
  const [contested, strange, ...more] = await journalOf('journal-writer.ts');
  assert.equal(more, []);
  assert.is(contested?.MESSAGE, 'guest: contested');
  assert.is(contested?.PRIORITY, '4');
  assert.is(contested?.HOSTDEV_CPUSET_DOMAIN, 'guest');
  assert.equal(contested?.HOSTDEV_CPUSET_ADDRESS, ['0000:82:00.0', '0000:83:00.0']);
  assert.equal(contested?.HOSTDEV_CPUSET_IRQ, ['41', '42']);
  assert.is(strange?.MESSAGE, 'two\ufffdlines');
  assert.is(strange?.HOSTDEV_CPUSET_DOMAIN, 'a\ufffd_UID=7');
  assert.is(strange?._UID, '0');
});

test("the hook's lines have their priority, with and without logger", async () => {
  const entries = await journalOf('hook-in-journal.ts');
  assert.equal(
    entries.map(({ MESSAGE, PRIORITY }) => [PRIORITY, String(MESSAGE).replace(/\S+(?=\/etc\/hostdev-cpuset)/, 'ROOT')]),
    [
      ['6', 'guest: started: 4 set, 0 kept, 0 skipped, 0 failed'],
      [
        '3',
        'guest: started: ROOT/etc/hostdev-cpuset/config.json:1:3: unknown key "x" in the configuration (known: default, onError, allowedCpus, scopes, guests, locality, intervals, contest)',
      ],
    ],
  );
});

test.run();
