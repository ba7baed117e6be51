import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { formatPolicy, parsePolicy } from '../../src/domain/policy.js';

const policies = suite('policies');

const good: [value: string, canonical: string][] = [
  ['auto', 'auto'],
  ['native', 'native'],
  ['0-3,^2', '0-1,3'],
  ['4', '4'],
];
for (const [value, canonical] of good) {
  policies(`${value} is ${canonical}`, () => {
    const result = parsePolicy(value);
    assert.is(result.ok && formatPolicy(result.policy), canonical);
  });
}

const bad: [value: string, suggestion: string | undefined][] = [
  [' auto ', 'auto'],
  ['Auto', 'auto'],
  ['NATIVE\n', 'native'],
  ['', undefined],
  [' ', undefined],
  ['automatic', undefined],
  ['none', undefined],
  ['auto,0-3', undefined],
  ['0-3 ', '0-3'],
  ['^0', undefined],
];
for (const [value, suggestion] of bad) {
  policies(`${JSON.stringify(value)} is refused`, () => {
    const result = parsePolicy(value);
    assert.not(result.ok);
    assert.is(result.ok ? undefined : result.error.suggestion, suggestion);
  });
}

for (const value of ['none', 'default', ' Off ', 'automatic']) {
  policies(`${JSON.stringify(value)}: the message names what there is`, () => {
    const result = parsePolicy(value);
    assert.is(
      result.ok ? '' : result.error.message,
      `${JSON.stringify(value.trim().toLowerCase())} is not auto, native or a cpuset`,
    );
  });
}

policies('what is formatted is parsed as the same policy', () => {
  const value = fc.oneof(fc.constantFrom('auto', 'native'), fc.array(fc.nat(200), { minLength: 1 }).map(String));
  fc.assert(
    fc.property(value, (text) => {
      const result = parsePolicy(text);
      assert.ok(result.ok);
      if (result.ok) assert.equal(parsePolicy(formatPolicy(result.policy)), result);
    }),
  );
});

policies.run();
