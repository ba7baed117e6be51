import * as assert from 'uvu/assert';
import { type Definition, readDefinition } from '../../src/domain/definition.js';
import { devicePolicies } from '../../src/domain/device-policies.js';
import type { DefaultPolicy } from '../../src/domain/metadata.js';
import { formatAttributes } from '../../src/domain/policy.js';
import { expand } from '../../src/transform/expand.js';
import { normalize } from '../../src/transform/normalize.js';
import { parseXml } from '../../src/xml/parse.js';
import { stripPolicies } from './strip-policies.js';

export function define(text: string): Definition {
  return readDefinition(parseXml(text));
}

/** Normalizes and expands, each twice, and checks what must hold for any document. */
export function roundTrip(text: string, standard?: DefaultPolicy): { normalized: string; expanded: string } {
  const normalized = normalize(define(text), standard ? { default: standard } : {});
  const expanded = expand(define(normalized));
  assert.is(normalize(define(normalized)), normalized, 'normalised twice');
  assert.is(expand(define(expanded)), expanded, 'expanded twice');
  const again = define(normalize(define(expanded)));
  if (define(expanded).metadata.length === 0) assert.is(expand(again), expanded, 'and restored');
  for (const result of [normalized, expanded]) {
    assert.equal(policiesOf(result), policiesOf(text));
    assert.is(define(result).metadata[0]?.default, standard ?? define(text).metadata[0]?.default);
  }
  assert.not.ok(
    define(normalized).devices.some(({ attribute }) => attribute),
    'no attribute is left',
  );
  assert.not.ok(define(expanded).metadata[0]?.entries.length, 'no entry is left');
  if (!/^<domain[^>]*\/>/.test(text)) {
    assert.is(stripPolicies(normalized), stripPolicies(text));
    assert.is(stripPolicies(expanded), stripPolicies(text));
  }
  return { normalized, expanded };
}

/** The policies of all devices that can have one, in document order. */
function policiesOf(text: string): (string | undefined)[] {
  return devicePolicies(define(text))
    .devices.filter(({ device }) => device.placeable)
    .map(({ policy }) => policy && formatAttributes(policy));
}
