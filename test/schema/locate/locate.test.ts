import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { findGrammar } from '../../../src/schema/grammar.js';
import { describeFault } from '../../../src/schema/locate/fault.js';
import { Locator } from '../../../src/schema/locate/locate.js';
import { mostSpecificMessage } from '../../../src/schema/verdict.js';
import { parseXml } from '../../../src/xml/parse.js';
import { libvirtSchemas, needs, suiteWhere } from '../../support/needs.js';
import { casesOf } from '../cases.js';

function located(locator: Locator, text: string): { at: string; message: string }[] {
  const document = parseXml(text);
  return locator.locate(document).map((fault) => {
    const { line, column } = document.lines.at(fault.start);
    return { at: `${line}:${column}`, message: describeFault(fault) };
  });
}

const libvirt = suiteWhere("places in libvirt's grammar", needs('libvirt-schemas'));
let locator: Locator;
libvirt.before(async () => {
  locator = await Locator.open(findGrammar({ env: {}, schemas: libvirtSchemas() ?? '' }));
});
libvirt.after(() => locator.close());

for (const invalid of casesOf('invalid')) {
  libvirt(invalid.name, () => {
    invalid.expectJson('faults', located(locator, invalid.text()));
  });
}

libvirt('a fault that takes too long to find is placed at the device', () => {
  // Each attribute that could be added, or left out, has to be tried beside a thousand others.
  const drivers = '<driver name="qemu"/>'.repeat(400);
  const text = `<domain type="kvm"><name>a</name><devices><disk>${drivers}</disk></devices></domain>`;
  assert.equal(located(locator, text).length, 1);
  assert.match(located(locator, text)[0]?.at ?? '', /^1:\d+$/);
});

libvirt('one fault among thousands of devices is found', () => {
  const device = (_: unknown, index: number) =>
    `<hostdev mode="subsystem" type="pci"${index === 1700 ? ' oops="1"' : ''}><source><address bus="${index & 255}"/></source></hostdev>`;
  const devices = Array.from({ length: 2500 }, device).join('\n');
  const text = `<domain type="kvm"><name>a</name><memory>1</memory><os><type>hvm</type></os>\n<devices>\n${devices}</devices></domain>`;
  const [fault, ...others] = located(locator, text);
  assert.match(fault?.at ?? '', /^1703:/);
  assert.match(fault?.message ?? '', /oops/);
  assert.equal(others, []);
});

libvirt('a document that the schema takes has no fault, whatever was said of it', () => {
  for (const valid of casesOf('valid')) assert.equal(located(locator, valid.text()), [], valid.name);
});

libvirt('names and messages of any length stay readable', () => {
  const long = 'x'.repeat(40_000);
  const text = `<domain type="kvm"><name>a</name><devices><${long}/><disk ${long}="1"/></devices></domain>`;
  const faults = located(locator, text);
  assert.ok(faults.length > 0);
  for (const { message } of faults) assert.ok(message.length < 250, message.slice(0, 250));
  const [first] = mostSpecificMessage([{ message: long }]).message?.match(/^x{240}\.\.\.$/) ?? [];
  assert.ok(first);
});

libvirt.run();

const builtin = suite('places in the built-in grammar');

builtin('a policy on a device that has none', async () => {
  const own = await Locator.open(findGrammar({ env: {}, defaultFolders: [] }));
  const text = `<domain type="kvm"><name>a</name><devices>
  <hostdev type="usb" cpuset="auto"><source/></hostdev>
  <hostdev type="pci" cpuset="1-"><source><address bus="1"/></source></hostdev>
</devices></domain>`;
  assert.equal(located(own, text), [
    { at: '2:23', message: 'cpuset="auto" is not allowed on this <hostdev>' },
    { at: '3:23', message: 'cpuset="1-" is not allowed on <hostdev>' },
  ]);
  own.close();
});

builtin.run();
