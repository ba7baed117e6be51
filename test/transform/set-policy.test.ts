import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { readDefinition } from '../../src/domain/definition.js';
import { parseIdentity } from '../../src/domain/identity.js';
import { type PolicyText, parsePolicy } from '../../src/domain/policy.js';
import { setPolicy } from '../../src/transform/set-policy.js';
import { parseXml } from '../../src/xml/parse.js';

const test = suite('set the policy of one device');

const ADDRESS = '<hostdev address="0000:06:12.5" cpuset="auto"/>';
const ALIAS = '<hostdev alias="ua-gpu" cpuset="2"/>';
const STALE = '<hostdev address="0000:99:00.0" cpuset="native"/>';

const hostdev = (bus: string, more = '') =>
  `<hostdev mode='subsystem' type='pci'><source><address bus='0x${bus}' slot='0x12' function='5'/></source>${more}</hostdev>`;
const domain = (metadata: string) =>
  `<domain type='kvm'><name>g</name>${metadata}<devices>${hostdev('06')}${hostdev('07', "<alias name='ua-gpu'/>")}</devices></domain>`;
const element = (...entries: string[]) =>
  `<metadata><hostdevs xmlns="urn:hostdev-cpuset:1">${entries.join('')}</hostdevs></metadata>`;

/** @param policy undefined removes the entry */
function set(text: string, key: 'address' | 'alias', value: string, policy?: PolicyText): string {
  const identity = parseIdentity(key, value);
  const result = policy && parsePolicy(policy);
  if (!identity || result?.ok === false) throw new Error('a test gives an invalid identity or policy');
  return setPolicy(readDefinition(parseXml(text)), identity, result?.policy);
}

test('the first entry creates the metadata element', () => {
  assert.is(set(domain(''), 'address', '0000:06:12.5', { cpuset: 'auto' }), domain(element(ADDRESS)));
});

test('entries are in the order of the devices, and entries of other devices stay', () => {
  const both = domain(element(ADDRESS, ALIAS, STALE));
  assert.is(set(domain(element(ALIAS, STALE)), 'address', '0000:06:12.5', { cpuset: 'auto' }), both);
  assert.is(set(domain(element(STALE, ADDRESS)), 'alias', 'ua-gpu', { cpuset: '2' }), both);
});

test('an entry is replaced with all its attributes', () => {
  const before = domain(element('<hostdev address="0000:06:12.5" cpuset="auto" vcpus="0" spread="yes"/>', ALIAS));
  assert.is(set(before, 'address', '0000:06:12.5', { cpuset: 'auto' }), domain(element(ADDRESS, ALIAS)));
});

test('the same policy again changes nothing', () => {
  const text = domain(element(ADDRESS, ALIAS));
  assert.is(set(text, 'alias', 'ua-gpu', { cpuset: '2' }), text);
});

test('removal keeps the other entries and leaves no empty element', () => {
  assert.is(set(domain(element(ADDRESS, ALIAS)), 'address', '0000:06:12.5'), domain(element(ALIAS)));
  assert.is(set(domain(element(ADDRESS)), 'address', '0000:06:12.5'), domain(''));
  assert.is(set(domain(''), 'address', '0000:06:12.5'), domain(''));
});

test('a default stays when the last entry is removed', () => {
  const withDefault = (entries: string) =>
    domain(`<metadata><hostdevs xmlns="urn:hostdev-cpuset:1" default="auto"${entries}</metadata>`);
  assert.is(set(withDefault(`>${ADDRESS}</hostdevs>`), 'address', '0000:06:12.5'), withDefault('/>'));
});

test('a device that is not yet in the definition gets one entry', () => {
  const text = set(domain(element(STALE)), 'address', '0000:99:00.0', { cpuset: '4' });
  assert.is(text, domain(element('<hostdev address="0000:99:00.0" cpuset="4"/>')));
});

test.run();
