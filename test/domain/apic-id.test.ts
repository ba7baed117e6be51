import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { readCpuTopology, vcpuOfApicId } from '../../src/domain/apic-id.js';
import { parseXml } from '../../src/xml/parse.js';

const test = suite('vCPUs by APIC ID');
const topology = (attributes: string) =>
  readCpuTopology(parseXml(`<domain><name>g</name><cpu><topology ${attributes}/></cpu></domain>`));

test('without a topology each vCPU is a socket, and its APIC ID is its number', () => {
  const none = readCpuTopology(parseXml('<domain><name>g</name></domain>'));
  assert.equal(none, { dies: 1, cores: 1, threads: 1 });
  assert.is(vcpuOfApicId(13, none), 13);
  assert.is(vcpuOfApicId(-1, none), null, 'KVM names no vCPU');
});

test('APIC IDs have gaps if the number of cores or threads is not a power of two', () => {
  // Sockets of 3 cores with 2 threads: 0-5, 8-13.
  const { dies, cores, threads } = topology("sockets='2' cores='3' threads='2'");
  const all = Array.from({ length: 16 }, (_, apicId) => vcpuOfApicId(apicId, { dies, cores, threads }));
  assert.equal(all, [0, 1, 2, 3, 4, 5, null, null, 6, 7, 8, 9, 10, 11, null, null]);
});

test('dies are a level between sockets and cores', () => {
  // Dies of 3 cores with 1 thread: 0-2, 4-6 in the first socket, 8-10, 12-14 in the second.
  const found = topology("sockets='2' dies='2' cores='3' threads='1'");
  assert.equal(
    [2, 3, 4, 6, 8, 14].map((apicId) => vcpuOfApicId(apicId, found)),
    [2, null, 3, 5, 6, 11],
  );
});

test('an invalid number counts as 1', () => {
  assert.equal(topology("sockets='x' cores='-1' threads='0'"), { dies: 1, cores: 1, threads: 1 });
});

test.run();
