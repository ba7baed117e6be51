import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Explainer } from '../../src/schema/explain/explain.js';
import { findGrammar } from '../../src/schema/grammar.js';
import { mostSpecificMessage } from '../../src/schema/verdict.js';
import { parseXml } from '../../src/xml/parse.js';
import { libvirtSchemas, needs, suiteWhere } from '../support/needs.js';
import { casesOf } from './cases.js';

interface Explained {
  at: string;
  message: string;
  hint?: string;
}

function explain(explainer: Explainer, text: string): Explained[] {
  const document = parseXml(text);
  const { faults, failure } = explainer.explain(document);
  assert.equal(failure, undefined);
  return faults.map(({ start, message, hint }) => {
    const { line, column } = document.lines.at(start);
    return { at: `${line}:${column}`, message, ...(hint === undefined ? {} : { hint }) };
  });
}

const libvirt = suiteWhere("errors in libvirt's grammar", needs('libvirt-schemas'));
let explainer: Explainer;
libvirt.before(() => {
  explainer = new Explainer(findGrammar({ env: {}, schemas: libvirtSchemas() ?? '' }));
});

for (const invalid of casesOf('invalid')) {
  libvirt(invalid.name, () => {
    invalid.expectJson('faults', explain(explainer, invalid.text()));
  });
}

libvirt('an error among thousands of devices is found', () => {
  const device = (_: unknown, index: number) =>
    `<hostdev mode="subsystem" type="pci"${index === 1700 ? ' oops="1"' : ''}><source><address bus="${index & 255}"/></source></hostdev>`;
  const devices = Array.from({ length: 2500 }, device).join('\n');
  const text = `<domain type="kvm"><name>a</name><memory>1</memory><os><type>hvm</type></os>\n<devices>\n${devices}</devices></domain>`;
  assert.equal(explain(explainer, text), [{ at: '1703:38', message: 'attribute oops is not allowed on <hostdev>' }]);
});

libvirt('at most twenty errors are reported', () => {
  const devices = '<disk oops="1"><target dev="a"/></disk>'.repeat(1000);
  const text = `<domain type="kvm"><name>a</name><memory>1</memory><os><type>hvm</type></os><devices>${devices}</devices></domain>`;
  assert.equal(explain(explainer, text).length, 20);
});

const inDevices = (devices: string) =>
  `<domain type="kvm"><name>a</name><memory>1</memory><os><type>hvm</type></os><devices>${devices}</devices></domain>`;

libvirt('errors in many nested elements are found without trying all combinations', () => {
  const start = '<backingStore type="file"><format type="raw"/><source file="/x"/>';
  const end = '<format type="raw"/></backingStore>';
  const disk = `<disk><source file="/y"/>${start.repeat(240)}<backingStore/>${end.repeat(240)}<target dev="vda"/></disk>`;
  const { faults, more } = explainer.explain(parseXml(inDevices(disk)));
  assert.equal(faults.length, 20);
  assert.is(more, 220);
  assert.match(faults[0]?.message ?? '', 'a second <format> is not allowed in <backingStore>');
});

libvirt('the position of a text is found among a million spaces, and among texts like comments', () => {
  const spaces = ' '.repeat(1_000_000);
  assert.equal(explain(explainer, inDevices(`x${spaces}y`)), [
    { at: '1:86', message: 'text "x y" is not allowed in <devices>' },
  ]);
  const [fault] = explain(explainer, inDevices(`<![CDATA[${'<!-- '.repeat(200_000)}]]>`));
  assert.is(fault?.at, '1:95');
});

libvirt('texts between thousands of elements are counted', () => {
  const { faults, more } = explainer.explain(parseXml(inDevices('text<bad/>'.repeat(30_000))));
  assert.is(faults.length + more, 60_000);
});

libvirt('a valid document has no error', () => {
  for (const valid of casesOf('valid')) assert.equal(explain(explainer, valid.text()), [], valid.name);
});

const CERTAIN = {
  'in the usual order': ['', true],
  'with a name apart': ['<uuid>c2177883-f1bb-47f0-914d-32a22e3a8804</uuid><vcpu>1</vcpu>', false],
  'with two groups apart, each in one piece': ['<uuid>c2177883-f1bb-47f0-914d-32a22e3a8804</uuid>', true],
  'with blanks around a number': ['<vcpu> 1 </vcpu>', false],
  'with a number that is none': ['<vcpu>x</vcpu>', true],
  'with a letter in a pattern that libxml2 may not know': ['<title>\u00e9</title>', false],
} as const;

for (const [name, [inserted, isCertain]] of Object.entries(CERTAIN)) {
  libvirt(`a document ${name}: libxml2's verdict is ${isCertain ? '' : 'not '}certain`, () => {
    const text = `<domain type="kvm"><name>a</name><memory>1</memory>${inserted}<os><type>hvm</type></os></domain>`;
    assert.is(explainer.explain(parseXml(text)).isCertain, isCertain);
  });
}

libvirt("a running domain's id: libxml2's verdict is not certain if one element is between name and uuid", () => {
  const [os, uuid] = ['<os><type>hvm</type></os>', '<uuid>c2177883-f1bb-47f0-914d-32a22e3a8804</uuid>'];
  const isCertain = (attribute: string, children: string) =>
    explainer.explain(parseXml(`<domain type="kvm"${attribute}><name>a</name>${children}<memory>1</memory></domain>`))
      .isCertain;
  assert.is(isCertain(' id="1"', os + uuid), false);
  assert.is(isCertain('', os + uuid), true);
  assert.is(isCertain(' id="1"', uuid + os), true);
});

libvirt('of thousands of numbers with white space the first ones are found', () => {
  const pins = Array.from({ length: 3000 }, (_, vcpu) => `<vcpupin vcpu="${vcpu} " cpuset="1"/>`).join('\n');
  const text = `<domain type="kvm"><name>a</name><memory>1</memory><os><type>hvm</type></os><cputune>${pins}</cputune></domain>`;
  const faults = explainer.spacedNumbers(parseXml(text));
  assert.is(faults.length, 20);
  assert.match(faults[1]?.message ?? '', /^vcpu="1 ": /);
});

libvirt('long names give short messages', () => {
  const long = 'x'.repeat(40_000);
  const text = `<domain type="kvm"><name>a</name><devices><${long}/><disk ${long}="1"/></devices></domain>`;
  const faults = explain(explainer, text);
  assert.ok(faults.length > 0);
  for (const { message } of faults) assert.ok(message.length < 250, message.slice(0, 250));
  const [first] = mostSpecificMessage([{ message: long }]).message?.match(/^x{240}\.\.\.$/) ?? [];
  assert.ok(first);
});

libvirt.run();

const builtin = suite('errors in the built-in grammar');

builtin('a policy on a device without interrupts is an error', () => {
  const own = new Explainer(findGrammar({ env: {}, defaultFolders: [] }));
  const text = `<domain type="kvm"><name>a</name><devices>
  <hostdev type="usb" cpuset="auto"><source/></hostdev>
  <hostdev type="pci" cpuset="1-"><source><address bus="1"/></source></hostdev>
</devices></domain>`;
  assert.equal(explain(own, text), [
    { at: '2:23', message: 'cpuset="auto" is not allowed on <hostdev> beside type="usb"' },
    { at: '3:23', message: 'cpuset="1-" is not allowed on <hostdev>; allowed: auto, native, a CPU set such as 0-3,^2' },
  ]);
});

builtin.run();
