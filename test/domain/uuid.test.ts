import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { canonicalUuid } from '../../src/domain/uuid.js';

const uuids = suite('UUIDs');
const CANONICAL = 'c0f7f3a2-6d0c-4d07-b6f0-2f3d5f0f9b21';

for (const text of [
  CANONICAL,
  CANONICAL.toUpperCase(),
  'c0f7f3a26d0c4d07b6f02f3d5f0f9b21',
  'c0f7f3a2 6d0c 4d07 b6f0 2f3d5f0f9b21',
  'c0-f7-f3-a2-6d-0c-4d-07-b6-f0-2f-3d-5f-0f-9b-21',
  ` ${CANONICAL}\n`,
]) {
  uuids(`${JSON.stringify(text)} is a UUID`, () => assert.is(canonicalUuid(text), CANONICAL));
}

for (const text of [
  '',
  '..',
  '../../etc/passwd',
  `${CANONICAL}0`,
  CANONICAL.slice(1),
  `g${CANONICAL.slice(1)}`,
  `${CANONICAL}/..`,
]) {
  uuids(`${JSON.stringify(text)} is not a UUID`, () => assert.is(canonicalUuid(text), undefined));
}

uuids('a long text of its characters is rejected at once', () => {
  assert.is(canonicalUuid('- '.repeat(1_000_000)), undefined);
});

uuids.run();
