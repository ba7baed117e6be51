import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { cpusetOf } from '../../src/domain/cpuset.js';
import { parseDomain } from '../../src/domain/parse-domain.js';
import {
  formatAttributes,
  formatPolicy,
  type Policy,
  type PolicyText,
  parsePolicy,
  policyAttributes,
} from '../../src/domain/policy.js';
import { InputError } from '../../src/lib/input-error.js';
import { normalize } from '../../src/transform/normalize.js';

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
  policies(`${JSON.stringify(value)} is rejected`, () => {
    const result = parsePolicy(value);
    assert.not(result.ok);
    assert.is(result.ok ? undefined : result.error.suggestion, suggestion);
  });
}

for (const value of ['none', 'default', ' Off ', 'automatic']) {
  policies(`${JSON.stringify(value)}: the message names the valid values`, () => {
    const result = parsePolicy(value);
    assert.is(
      result.ok ? '' : result.error.message,
      `${JSON.stringify(value.trim().toLowerCase())} is not auto, native or a cpuset`,
    );
  });
}

policies('a formatted policy parses to the same policy', () => {
  const value = fc.oneof(fc.constantFrom('auto', 'native'), fc.array(fc.nat(200), { minLength: 1 }).map(String));
  fc.assert(
    fc.property(value, (text) => {
      const result = parsePolicy(text);
      assert.ok(result.ok);
      if (result.ok) assert.equal(parsePolicy(formatPolicy(result.policy)), result);
    }),
  );
});

policies('the other attributes are formatted in canonical form', () => {
  const canonical = (text: PolicyText) => {
    const result = parsePolicy(text);
    return result.ok ? formatAttributes(result.policy) : result.errors.map(({ attribute, code }) => [attribute, code]);
  };
  assert.is(canonical({ cpuset: 'auto', vcpus: '3,0-1' }), 'cpuset="auto" vcpus="0-1,3"');
  assert.is(
    canonical({ controlVectors: '1', spread: 'yes', vcpus: '0', cpuset: 'auto' }),
    'cpuset="auto" vcpus="0" spread="yes" controlVectors="1"',
  );
  assert.is(canonical({ cpuset: '5,4', spread: 'yes', controlVectors: '0' }), 'cpuset="4-5" spread="yes"');
  assert.is(canonical({ cpuset: '4', spread: 'no' }), 'cpuset="4"');
  assert.equal(canonical({}), [['cpuset', 'missing']]);
  assert.equal(canonical({ cpuset: 'x', vcpus: '1-0', spread: 'y', controlVectors: '1' }), [
    ['cpuset', 'syntax'],
    ['vcpus', 'reversed'],
    ['spread', 'value'],
  ]);
  assert.equal(canonical({ cpuset: 'native', vcpus: '0', spread: 'no', controlVectors: '1' }), [
    ['vcpus', 'combination'],
    ['spread', 'combination'],
    ['controlVectors', 'combination'],
  ]);
});

policies('normalize rejects invalid policy attributes at their position', () => {
  const rejection = (attributes: string) => {
    const text = `<domain><devices><hostdev type='pci' ${attributes}><source/></hostdev></devices></domain>`;
    try {
      return normalize(parseDomain(text));
    } catch (error) {
      assert.instance(error, InputError);
      const { message, offset } = error as InputError;
      return `${text.slice(offset).split("'")[0]}: ${message}`;
    }
  };
  assert.is(rejection("cpuset='auto' spread='on'"), 'on: spread "on" is not yes or no');
  assert.is(rejection("vcpus='0' cpuset='4'"), '0: vcpus is allowed only with cpuset="auto"');
  assert.is(rejection("spread='yes'"), 'yes: cpuset is missing: the other attributes need it');
});

policies('written attributes parse to the same policy', () => {
  const set = fc.uniqueArray(fc.nat(200), { minLength: 1 }).map(cpusetOf);
  const spreading = fc.oneof(
    fc.constant({ spread: false, controlVectors: 0 }),
    fc.nat(2047).map((controlVectors) => ({ spread: true, controlVectors })),
  );
  const policy: fc.Arbitrary<Policy> = fc.oneof(
    fc.constant({ kind: 'native' as const }),
    fc.tuple(fc.option(set), spreading).map(([vcpus, rest]): Policy => ({ kind: 'auto', vcpus, ...rest })),
    fc.tuple(set, spreading).map(([cpus, rest]): Policy => ({ kind: 'cpuset', set: cpus, ...rest })),
  );
  fc.assert(
    fc.property(policy, (one) => {
      assert.equal(parsePolicy(Object.fromEntries(policyAttributes(one))), { ok: true, policy: one });
    }),
  );
});

policies.run();
