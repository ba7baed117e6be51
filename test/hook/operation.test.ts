import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { actionOf } from '../../src/hook/run.js';

const test = suite('hook operations');

for (const [operation, suboperation, work] of [
  ['prepare', 'begin', 'check'],
  ['started', 'begin', 'pass'],
  ['reconnect', 'begin', 'pass'],
  ['stopped', 'end', undefined],
  ['release', 'end', 'release'],
  ['start', 'begin', undefined],
  ['migrate', 'begin', undefined],
  ['restore', 'begin', undefined],
  ['attach', 'begin', undefined],
  ['started', 'end', undefined],
  ['', '', undefined],
  ['constructor', '', undefined],
  ['__proto__', 'begin', undefined],
] as const) {
  test(`${operation} ${suboperation}: ${work ?? 'nothing'}`, () => {
    assert.is(actionOf(operation, suboperation), work);
  });
}

test.run();
