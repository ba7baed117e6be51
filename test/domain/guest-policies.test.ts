import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseGuestPolicies } from '../../src/affinity/guest-settings.js';
import { parseSettings } from '../../src/affinity/settings.js';
import { devicesWithPolicy, effectivePolicy } from '../../src/domain/effective-policy.js';
import { type GuestPolicies, withGuestPolicies } from '../../src/domain/guest-policies.js';
import { parseDomain } from '../../src/domain/parse-domain.js';
import { type PlainDefinition, plainDefinition } from '../../src/domain/plain-definition.js';
import { formatPolicy } from '../../src/domain/policy.js';
import { projectRoot } from '../support/cli.js';

const test = suite('policies that the host gives to a guest');
const NOVA = readFileSync(join(projectRoot, 'samples/openstack.xml'), 'utf8');

const schema = JSON.parse(readFileSync(join(projectRoot, 'schemas/guest.schema.json'), 'utf8'));
const validate = new Ajv2020().compile(schema);

/** The policy of each device, with its origin. */
function policies(config: object, files: Record<string, object> = {}, definition = plainDefinition(parseDomain(NOVA))) {
  const guestFiles = new Map<string, GuestPolicies>();
  for (const [name, file] of Object.entries(files)) {
    assert.ok(validate(file), JSON.stringify(validate.errors));
    guestFiles.set(name, parseGuestPolicies(JSON.stringify(file)));
  }
  const settings = { ...parseSettings(JSON.stringify(config)), guestFiles };
  return withGuestPolicies(definition, settings).devices.map((device) => {
    const { policy, origin } = effectivePolicy({ ...device, default: definition.default }, settings);
    return `${policy && formatPolicy(policy)} ${origin}`;
  });
}

test('by the flavor that Nova has written', () => {
  const config = (flavor: string) => ({ guests: [{ flavor, policy: 'auto' }] });
  assert.equal(policies(config('pci.*')), ['auto guest-rule', 'auto guest-rule']);
  assert.equal(policies(config('pci.small')), ['native host-default', 'native host-default']);
  const old = parseDomain(NOVA.replace('nova/1.1', 'nova/1.0'));
  assert.equal(policies(config('pci.large'), {}, plainDefinition(old)), ['auto guest-rule', 'auto guest-rule']);
  for (const [from, to] of [
    ['openstack.org/xmlns/libvirt/nova/1.1', 'example.org/nova'],
    ['<nova:flavor name="pci.large">', '<nova:flavor>'],
    ['nova:instance', 'nova:other'],
  ] as const) {
    const other = plainDefinition(parseDomain(NOVA.replaceAll(from, to)));
    assert.equal(policies(config('*'), {}, other), ['native host-default', 'native host-default'], to);
  }
});

test('by the name; all patterns of a rule must fit, and the first rule that does counts', () => {
  const guests = [
    { name: 'instance-0000001b', policy: '1' },
    { name: 'instance-*', flavor: 'cpu.*', policy: '2' },
    { name: 'instance-*a', flavor: 'pci.*', policy: '3' },
    { name: '*', policy: '4' },
  ];
  assert.equal(policies({ guests }), ['3 guest-rule', '3 guest-rule']);
  assert.equal(policies({ guests: [{ name: 'packet-gateway', policy: '1' }] }), [
    'native host-default',
    'native host-default',
  ]);
});

test('a file of the guest comes before the rules; a device that it names has its own', () => {
  const rule = { default: 'auto', guests: [{ name: '*', policy: '4' }] };
  const file = { devices: { '0000:01:00.1': { cpuset: '5', spread: 'yes' } } };
  assert.equal(policies(rule, { 'instance-0000001a': file }), ['auto host-default', '5 guest-file']);
  assert.equal(policies(rule, { 'instance-0000001b': file }), ['4 guest-rule', '4 guest-rule']);
});

test('what the definition states stays, valid or not, and its default, too', () => {
  const rule = { guests: [{ name: '*', policy: '4' }] };
  const entries = (head: string) =>
    plainDefinition(
      parseDomain(
        NOVA.replace(
          '</nova:instance>',
          `</nova:instance><hostdevs xmlns="urn:hostdev-cpuset:1"${head}><hostdev address="0000:01:00.0" cpuset="12"/>
           <hostdev address="0000:01:00.1" cpuset="bad"/></hostdevs>`,
        ),
      ),
    );
  assert.equal(policies(rule, {}, entries('')), ['12 entry', 'undefined entry']);
  const standard = plainDefinition(
    parseDomain(
      NOVA.replace('</nova:instance>', '</nova:instance><hostdevs xmlns="urn:hostdev-cpuset:1" default="native"/>'),
    ),
  );
  assert.equal(policies(rule, {}, standard), ['native domain-default', 'native domain-default']);
});

test('they are only for guests that the host has named', () => {
  const rule = { guests: [{ name: '*', policy: '4' }] };
  const found = (isNamedByHost: boolean): PlainDefinition => ({
    ...plainDefinition(parseDomain(NOVA)),
    found: { pid: 1, owner: '', statedName: 'x', statedUuid: undefined, isNamedByHost, limit: undefined, problems: [] },
  });
  assert.equal(policies(rule, {}, found(false)), ['native host-default', 'native host-default']);
  assert.equal(policies(rule, {}, found(true)), ['4 guest-rule', '4 guest-rule']);
});

test('devices with such a policy count as managed', () => {
  const settings = parseSettings('{ "guests": [{ "flavor": "*", "policy": "auto" }] }');
  assert.equal(devicesWithPolicy(plainDefinition(parseDomain(NOVA)), settings), ['0000:01:00.0', '0000:01:00.1']);
});

test.run();
