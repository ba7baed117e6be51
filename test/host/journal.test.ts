import * as assert from 'uvu/assert';
import { needs, suiteWhere } from '../support/needs.js';
import { journalOf } from './private-journald.js';

const test = suiteWhere('journal with a real journald', needs('journald', 'logger', 'mount-namespace'));

test('entries have their fields, and can be found by them', async () => {
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

test.run();
