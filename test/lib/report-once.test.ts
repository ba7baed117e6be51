import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ReportOnce } from '../../src/lib/report-once.js';

const test = suite('ReportOnce');

test('the same text is new once per subject', () => {
  const reports = new ReportOnce();
  assert.equal([reports.isNew('a', 'x'), reports.isNew('a', 'x'), reports.isNew('b', 'x')], [true, false, true]);
});

test('another text is new, and the first one is new again after it', () => {
  const reports = new ReportOnce();
  assert.equal(
    ['x', 'y', 'x'].map((text) => reports.isNew('a', text)),
    [true, true, true],
  );
});

test('a problem that ended is new when it returns', () => {
  const reports = new ReportOnce();
  for (const end of [() => reports.clear('a'), () => reports.isNew('a', undefined)]) {
    assert.is(reports.isNew('a', 'x'), true);
    assert.is(reports.has('a'), true);
    end();
    assert.is(reports.has('a'), false);
  }
});

test.run();
