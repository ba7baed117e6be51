import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  canonicalMac,
  formatIdentity,
  type IdentityKey,
  isUserAlias,
  parseIdentity,
} from '../../src/domain/identity.js';

const identities = suite('identities');

identities("only libvirt's user aliases are aliases", () => {
  for (const name of ['ua-', 'ua-gpu', 'ua-A_z-0']) assert.ok(isUserAlias(name), name);
  for (const name of ['', 'ua', 'ua-a.b', 'UA-gpu', 'hostdev0', 'ua-gpu ', 'ua-gpu\n', 'ua-ü', ' ua-gpu', 'ua-"']) {
    assert.not(isUserAlias(name), name);
  }
});

identities('a MAC is six pairs of hex digits, canonical in lower case', () => {
  assert.is(canonicalMac('52:54:00:AB:cd:0f'), '52:54:00:ab:cd:0f');
  for (const text of [
    '',
    '52:54:00:ab:cd',
    '52:54:00:ab:cd:0f:00',
    '52-54-00-ab-cd-0f',
    '52:54:0:ab:cd:f',
    '52:54:00:ab:cd:0g',
    '52:54:00:ab:cd:0f ',
    ' 52:54:00:ab:cd:0f',
  ]) {
    assert.is(canonicalMac(text), undefined, text);
  }
});

const table: [key: IdentityKey, text: string, formatted: string | undefined][] = [
  ['address', '0000:06:12.5', 'address="0000:06:12.5"'],
  ['address', '10000:e1:00.0', 'address="10000:e1:00.0"'],
  ['address', '../../..', undefined],
  ['address', '0000:06:12.5/../../..', undefined],
  ['address', '0000:3B:00.0', undefined],
  ['address', 'ua-gpu', undefined],
  ['alias', 'ua-gpu', 'alias="ua-gpu"'],
  ['alias', 'ua-../..', undefined],
  ['alias', '0000:06:12.5', undefined],
  ['mac', '52:54:00:12:34:56', 'mac="52:54:00:12:34:56"'],
  ['mac', '52:54:00:AB:34:56', 'mac="52:54:00:ab:34:56"'],
  ['mac', '0000:06:12.5', undefined],
];
for (const [key, text, formatted] of table) {
  identities(`${key} ${text} is ${formatted ?? 'not an identity'}`, () => {
    const identity = parseIdentity(key, text);
    assert.is(identity && formatIdentity(identity), formatted);
    if (identity) assert.equal(parseIdentity(key, identity.value), identity);
  });
}

identities.run();
