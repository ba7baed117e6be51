import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { readDefinition } from '../../src/domain/definition.js';
import { findDevices, namesOf } from '../../src/domain/find-device.js';
import { parseXml } from '../../src/xml/parse.js';

const test = suite('find a device by name');

const definition = readDefinition(
  parseXml(`<domain type='kvm'><name>g</name><devices>
<hostdev mode='subsystem' type='pci'><source><address bus='6' slot='0x12' function='5'/></source><alias name='hostdev0'/></hostdev>
<interface type='network'><mac address='52:54:00:12:34:56'/><alias name='ua-nic'/></interface>
<interface type='hostdev'><mac address='52:54:00:12:34:57'/><source><address type='pci' domain='1' bus='7'/></source></interface>
<interface type='network'><mac address='52:54:00:12:34:57'/></interface>
</devices></domain>`),
);
const found = (name: string) => findDevices(definition, name).map((device) => definition.devices.indexOf(device));

const cases: [name: string, devices: number[]][] = [
  ['0000:06:12.5', [0]],
  ['06:12.5', [0]],
  ['06:12.4', []],
  ['0001:07:00.0', [2]],
  ['07:00.0', []],
  ['hostdev0', [0]],
  ['ua-nic', [1]],
  ['ua', []],
  ['52:54:00:12:34:56', [1]],
  ['52:54:00:12:34:5A', []],
  ['52:54:00:12:34:57', [2, 3]],
  ['', []],
];
for (const [name, devices] of cases) test(`the name "${name}"`, () => assert.equal(found(name), devices));

test('each device is found by each of its names', () => {
  for (const device of definition.devices) {
    const names = namesOf(device);
    assert.ok(names.length > 0);
    for (const name of names) assert.ok(findDevices(definition, name).includes(device), name);
  }
});

test.run();
