import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { InputError } from '../../src/lib/input-error.js';
import { projectRoot } from '../support/cli.js';
import { descriptions, largeHost } from './descriptions.js';
import { parseHostDescription } from './parse-description.js';

const parsing = suite('descriptions of hosts');
const schema = JSON.parse(readFileSync(join(projectRoot, 'schemas/host.schema.json'), 'utf8'));
const isValid = new Ajv2020({ allErrors: true }).compile(schema);

parsing('random descriptions are parsed, and valid against the schema', () => {
  fc.assert(
    fc.property(descriptions, (description) => {
      assert.equal(parseHostDescription(JSON.stringify(description)), description);
      isValid(description);
      assert.equal(isValid.errors ?? [], []);
    }),
    { numRuns: 100 },
  );
});

parsing('a host of 200 domains and 1,024 CPUs is parsed', () => {
  const host = largeHost(200, 40);
  assert.equal(parseHostDescription(JSON.stringify(host)), host);
});

/**
 * Invalid descriptions with ¦ before the place of the error, and the message. `beyondSchema` if a schema cannot express
 * it.
 */
interface Fault {
  text: string;
  message: string;
  beyondSchema?: true;
}
const device = (members: string) =>
  `{"cpus":{"present":"0-3"},"nodes":[{"node":0,"cpus":"0-3"}],"devices":[${members}]}`;
const interrupt = (members: string) => device(`{"address":"0000:06:12.5","interrupts":[${members}]}`);
const domain = (members: string) => `{"cpus":{"present":"0-3"},"devices":[],"domains":[${members}]}`;
const UUID = 'c0f7f3a2-6d0c-4d07-b6f0-2f3d5f0f9b21';

const faults: Fault[] = [
  { text: '¦', message: 'the file is empty' },
  { text: '{"cpus":{"present":"0"},¦}', message: 'not JSON: a comma is not allowed before }' },
  { text: '¦// comment\n{}', message: 'not JSON: comments are not allowed' },
  { text: '¦[]', message: 'the host must be an object: { ... }' },
  { text: '¦{"devices":[]}', message: '"cpus" is missing in the host' },
  { text: '¦{"cpus":{"present":"0"}}', message: '"devices" is missing in the host' },
  { text: '{"cpus":¦{},"devices":[]}', message: '"present" is missing in cpus' },
  { text: '{"cpus":{"present":"0"},"devices":[],¦"device":[]}', message: 'unknown key "device" in the host' },
  { text: '{"cpus":{"present":"0"},"devices":[],¦"__proto__":[]}', message: 'unknown key "__proto__" in the host' },
  {
    text: '{"cpus":{"present":"0"},¦"cpus":{"present":"0"},"devices":[]}',
    message: 'duplicate key "cpus"',
    beyondSchema: true,
  },
  { text: '{"cpus":{"present":¦"0-"},"devices":[]}', message: 'present must be a CPU list, such as "0-3,8"' },
  {
    text: '{"cpus":{"present":¦"3-0"},"devices":[]}',
    message: 'present must be a CPU list, such as "0-3,8"',
    beyondSchema: true,
  },
  { text: '{"cpus":{"present":¦3},"devices":[]}', message: 'present must be a CPU list, such as "0-3,8"' },
  { text: '{"cpus":{"present":¦""},"devices":[]}', message: 'present is empty' },
  {
    text: '{"cpus":{"present":¦"0-16384"},"devices":[]}',
    message: 'present has a CPU above 16383',
    beyondSchema: true,
  },
  {
    text: '{"cpus":¦{"present":"0-3","online":"4"},"devices":[]}',
    message: 'online is not within present',
    beyondSchema: true,
  },
  {
    text: '{"cpus":¦{"present":"0-3","possible":"0-2"},"devices":[]}',
    message: 'present is not within possible',
    beyondSchema: true,
  },
  {
    text: '{"cpus":{"present":"0"},"files":{¦"sys/../etc":"x"},"devices":[]}',
    message: 'the keys of files must be absolute paths',
  },
  {
    text: '{"cpus":{"present":"0"},"kernel":¦"six","devices":[]}',
    message: 'kernel must be a version, such as "6.12"',
  },
  {
    text: '{"cpus":{"present":"0"},"vectorsPerCpu":¦0,"devices":[]}',
    message: 'vectorsPerCpu must be an integer from 1 to 1024',
  },
  {
    text: '{"cpus":{"present":"0"},"effectiveAffinity":¦1,"devices":[]}',
    message: 'effectiveAffinity must be true or false',
  },
  {
    text: '{"cpus":{"present":"0-1"},"nodes":[{"node":0,"cpus":"0"},¦{"node":0,"cpus":"1"}],"devices":[]}',
    message: 'duplicate node 0',
    beyondSchema: true,
  },
  {
    text: '{"cpus":{"present":"0-1"},"nodes":[{"node":0,"cpus":"0-1"},¦{"node":1,"cpus":"1"}],"devices":[]}',
    message: 'CPU 1 already belongs to another node',
    beyondSchema: true,
  },
  {
    text: '{"cpus":{"present":"0-1"},"nodes":[{"node":0,"cpus":¦"0-2"}],"devices":[]}',
    message: 'the host has no CPU 2',
    beyondSchema: true,
  },
  {
    text: '{"defaultAffinity":¦"1","cpus":{"present":"0"},"devices":[]}',
    message: 'the host has no CPU 1',
    beyondSchema: true,
  },
  { text: device('¦7'), message: 'an item of devices must be an object: { ... }' },
  { text: device('{"address":¦"06:12.5"}'), message: 'address must be a PCI address, such as "0000:06:12.5"' },
  { text: device('{"address":¦"../../../x"}'), message: 'address must be a PCI address, such as "0000:06:12.5"' },
  {
    text: device('{"address":"0000:06:12.5"},{"address":¦"0000:06:12.5"}'),
    message: 'duplicate 0000:06:12.5',
    beyondSchema: true,
  },
  { text: device('{"address":"0000:06:12.5","driver":¦"../x"}'), message: 'driver must be the name of a driver' },
  { text: device('{"address":"0000:06:12.5","numaNode":¦1}'), message: 'the host has no node 1', beyondSchema: true },
  { text: device('{"address":"0000:06:12.5","numaNode":¦-2}'), message: 'numaNode must be an integer from -1 to 1023' },
  { text: device('{"address":"0000:06:12.5","interrupts":¦{}}'), message: 'interrupts must be an array: [ ... ]' },
  { text: interrupt('¦{"type":"msix"}'), message: '"irq" is missing in an item of interrupts' },
  { text: interrupt('{"irq":40,"type":¦"msi-x"}'), message: 'type must be "msix", "msi" or "intx"' },
  { text: interrupt('{"irq":¦4.5,"type":"msix"}'), message: 'irq must be an integer from 1 to 1048576' },
  {
    text: interrupt('{"irq":40,"type":"msix"},¦{"irq":40,"type":"msix"}'),
    message: 'IRQ 40 is already used by another interrupt',
    beyondSchema: true,
  },
  {
    text: interrupt('{"irq":40,"type":"msix"},¦{"irq":40,"type":"intx"}'),
    message: 'IRQ 40 is already used by another interrupt',
    beyondSchema: true,
  },
  {
    text: interrupt('{"irq":40,"type":"msix"},¦{"irq":41,"type":"msi"}'),
    message: 'a device has either MSI or MSI-X enabled, not both',
    beyondSchema: true,
  },
  {
    text: interrupt('{"irq":16,"type":"intx"},¦{"irq":17,"type":"intx"}'),
    message: 'a device has only one legacy line',
    beyondSchema: true,
  },
  {
    text: interrupt('{"irq":40,"type":"msix","affinity":¦"2-4"}'),
    message: 'the host has no CPU 4',
    beyondSchema: true,
  },
  { text: interrupt('{"irq":40,"type":"msix","affinity":¦""}'), message: 'affinity is empty' },
  { text: interrupt('{"irq":40,"type":"msix","effective":¦"0-1"}'), message: 'effective must be one CPU' },
  {
    text: interrupt('{"irq":40,"type":"msix","handlers":[¦"a/b"]}'),
    message: "an item of handlers must be a handler's name",
  },
  {
    text: interrupt('{"irq":40,"type":"msix","handlers":[¦"a,b"]}'),
    message: "an item of handlers must be a handler's name",
  },
  {
    text: interrupt('{"irq":40,"type":"msix","counts":{¦"9":1}}'),
    message: 'the host has no CPU 9',
    beyondSchema: true,
  },
  {
    text: interrupt('{"irq":40,"type":"msix","counts":{¦"cpu0":1}}'),
    message: 'the keys of counts must be CPU numbers',
  },
  {
    text: interrupt('{"irq":40,"type":"msix","counts":{"0":¦-1}}'),
    message: 'a count must be an integer from 0 to 4294967295',
  },
  {
    text: '{"cpus":{"present":"0"},"devices":[],"interrupts":[{"irq":9,¦"type":"msix"}]}',
    message: 'unknown key "type" in an item of interrupts',
  },
  { text: domain(`{"name":¦"a/b","uuid":"${UUID}","pid":2,"vcpus":[]}`), message: "name must be a domain's name" },
  { text: domain('{"name":"a","uuid":¦"..","pid":2,"vcpus":[]}'), message: "uuid must be a UUID in libvirt's form" },
  {
    text: domain(`{"name":"a","uuid":¦"${UUID.toUpperCase()}","pid":2,"vcpus":[]}`),
    message: "uuid must be a UUID in libvirt's form",
  },
  {
    text: domain(`{"name":"a","uuid":"${UUID}","pid":2,"vcpus":[{"vcpu":0,"cpus":¦"4"}]}`),
    message: 'the host has no CPU 4',
    beyondSchema: true,
  },
  {
    text: domain(`{"name":"a","uuid":"${UUID}","pid":2,"vcpus":[]},{"name":"b","uuid":¦"${UUID}","pid":3,"vcpus":[]}`),
    message: `duplicate ${UUID}`,
    beyondSchema: true,
  },
  {
    text: '{"cpus":{"present":"0"},"devices":[],"processes":[{"pid":7,"command":"a"},{"pid":¦7,"command":"b"}]}',
    message: 'duplicate process 7',
    beyondSchema: true,
  },
  {
    text: '{"cpus":{"present":"0"},"devices":[],"processes":[{"pid":7,"command":"a","arguments":¦"-i 5"}]}',
    message: 'arguments must be an array: [ ... ]',
  },
  {
    text: '{"cpus":{"present":"0"},"devices":[],"processes":[{"pid":7,"command":"a","arguments":["-i",¦"5\\u0000"]}]}',
    message: 'an item of arguments must be a word of 1000 characters at most',
  },
];

for (const { text: marked, message, beyondSchema } of faults) {
  parsing(`${message}: ${marked.slice(0, 90)}`, () => {
    const offset = marked.indexOf('¦');
    const text = marked.replace('¦', '');
    try {
      parseHostDescription(text);
    } catch (error) {
      assert.instance(error, InputError);
      assert.is((error as InputError).message, message);
      assert.is((error as InputError).offset, offset);
      if (!beyondSchema && !message.startsWith('not JSON') && text !== '')
        assert.is(isValid(JSON.parse(text)), false, 'invalid against the schema');
      return;
    }
    assert.unreachable('it was parsed');
  });
}

parsing('a misspelled key is reported with the known keys', () => {
  try {
    parseHostDescription('{"cpu":{}}');
    assert.unreachable('it was parsed');
  } catch (error) {
    assert.match((error as InputError).hint ?? '', /^known: cpus, nodes, /);
  }
});

parsing('any text is either parsed, or rejected with a place inside it', () => {
  const mutated = fc.tuple(fc.constant(JSON.stringify(largeHost(2, 2))), fc.nat(2000), fc.string({ maxLength: 3 }));
  fc.assert(
    fc.property(mutated, ([text, at, insert]) => {
      const changed = text.slice(0, at) + insert + text.slice(at + 1);
      try {
        parseHostDescription(changed);
      } catch (error) {
        assert.instance(error, InputError);
        const { offset } = error as InputError;
        assert.ok(offset >= 0 && offset <= changed.length);
      }
    }),
    { numRuns: 300 },
  );
});

parsing.run();
