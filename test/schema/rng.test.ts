import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parsePolicy } from '../../src/domain/policy.js';
import { policyTextOf } from '../../src/domain/stated-policy.js';
import { type CompiledGrammar, openLibxml2Wasm } from '../../src/schema/libxml2-wasm.js';
import { findRngDirectory } from '../../src/schema/package-root.js';
import { parseXml } from '../../src/xml/parse.js';

const rng = findRngDirectory();
const compile = (name: string) => openLibxml2Wasm({ kind: 'builtin', file: `${rng}/${name}.rng`, directories: [rng] });

const entry = (attributes: string) => `<hostdevs xmlns="urn:hostdev-cpuset:1"><hostdev ${attributes}/></hostdevs>`;

/** Policy attributes that libvirt's extended grammar, the built-in grammar and parsePolicy() accept or reject. */
const policies = {
  good: [
    'cpuset="auto"',
    'cpuset="auto" vcpus="0-1,4,^1"',
    'spread="yes" cpuset="auto"',
    'vcpus="3" spread="no" cpuset="auto"',
    'cpuset="auto" vcpus="0" spread="yes" controlVectors="0"',
    'controlVectors="2047" cpuset="0-3" spread="yes"',
    'cpuset="0-3" spread="no"',
  ],
  bad: [
    'vcpus="0"',
    'spread="yes"',
    'controlVectors="1"',
    'cpuset="0-3" vcpus="0"',
    'cpuset="native" vcpus="0"',
    'cpuset="native" spread="no"',
    'cpuset="native" spread="yes" controlVectors="1"',
    'cpuset="auto" controlVectors="1"',
    'cpuset="auto" spread="no" controlVectors="1"',
    'cpuset="auto" spread="Yes"',
    'cpuset="auto" spread=""',
    'cpuset="auto" vcpus=""',
    'cpuset="auto" vcpus="auto"',
    'cpuset="auto" spread="yes" controlVectors=""',
    'cpuset="auto" spread="yes" controlVectors="01"',
    'cpuset="auto" spread="yes" controlVectors="-1"',
    'cpuset="auto" spread="yes" controlVectors="2048"',
    'cpuset="auto" spread="yes" controlVectors=" 1"',
  ],
};

const metadata = suite('metadata.rng');
let grammar: CompiledGrammar;
metadata.before(async () => {
  grammar = await compile('metadata');
});
metadata.after(() => grammar.close());

const good = [
  '<hostdevs xmlns="urn:hostdev-cpuset:1"/>',
  '<hostdevs xmlns="urn:hostdev-cpuset:1" default="auto"/>',
  '<h:hostdevs xmlns:h="urn:hostdev-cpuset:1" default="native"><h:hostdev alias="ua-1" cpuset="0"/></h:hostdevs>',
  entry('address="0000:06:12.5" cpuset="auto"'),
  entry('address="10000:06:1f.7" cpuset="4-7,^5"'),
  entry('alias="ua-gpu_0-A" cpuset="native"'),
  entry('mac="52:54:00:12:34:56" cpuset="1,3"'),
  ...policies.good.map((attributes) => entry(`alias="ua-1" ${attributes}`)),
];
const bad = [
  '<hostdevs/>',
  '<hostdevs xmlns="urn:hostdev-cpuset:2"/>',
  '<hostdevs xmlns="urn:hostdev-cpuset:1" default="0-3"/>',
  '<hostdevs xmlns="urn:hostdev-cpuset:1">text</hostdevs>',
  '<hostdevs xmlns="urn:hostdev-cpuset:1"><hostdev xmlns="" alias="ua-1" cpuset="0"/></hostdevs>',
  entry('cpuset="auto"'),
  entry('alias="ua-1"'),
  entry('alias="ua-1" mac="52:54:00:12:34:56" cpuset="auto"'),
  entry('alias="gpu" cpuset="auto"'),
  entry('alias="ua-a.b" cpuset="auto"'),
  entry('address="06:12.5" cpuset="auto"'),
  entry('address="00010:06:12.5" cpuset="auto"'),
  entry('address="0000:06:32.5" cpuset="auto"'),
  entry('address="0000:06:12.5" cpuset=""'),
  entry('address="0000:06:12.5" cpuset="auto" numa="1"'),
  entry('mac="52-54-00-12-34-56" cpuset="auto"'),
  ...policies.bad.map((attributes) => entry(`alias="ua-1" ${attributes}`)),
];

metadata('it accepts the metadata that we or users write, and nothing else', () => {
  assert.equal(
    good.filter((text) => !grammar.validateText(text).valid),
    [],
  );
  assert.equal(
    bad.filter((text) => grammar.validateText(text).valid),
    [],
  );
});

metadata.run();

const builtin = suite('builtin.rng');
let own: CompiledGrammar;
builtin.before(async () => {
  own = await compile('builtin');
});
builtin.after(() => own.close());

const domain = (inner: string) => `<domain type="kvm"><name>a</name>${inner}</domain>`;
const holding = (element: string) => domain(`<metadata>${element}<x xmlns="urn:x">y</x></metadata>`);

builtin('it validates our metadata, and accepts any other', () => {
  assert.equal(
    good.filter((text) => !own.validateText(holding(text)).valid),
    [],
  );
  const ours = bad.filter((text) => text.includes('"urn:hostdev-cpuset:1"'));
  assert.ok(ours.length > 8);
  assert.equal(
    ours.filter((text) => own.validateText(holding(text)).valid),
    [],
  );
  assert.is(own.validateText(holding(good[0] + (good[1] ?? ''))).valid, false, 'at most one element of ours');
});

builtin('it validates host devices, and accepts other elements', () => {
  const device = (element: string) => own.validateText(domain(`<devices>${element}</devices>`)).valid;
  assert.ok(device('<disk anything="goes"><here/></disk>'));
  assert.ok(
    device('<hostdev type="pci"><driver name="vfio"/><source><address bus="0x06"/></source><rom bar="off"/></hostdev>'),
  );
  assert.not.ok(device('<hostdev type="pci"><source><address bus="0x066"/></source></hostdev>'));
  assert.not.ok(device('<hostdev type="pci" node="1"><source><address bus="0x06"/></source></hostdev>'));
  assert.not.ok(device('<hostdev type="pci"/>'));
  assert.not.ok(device('<hostdev type="usb" cpuset="0"><source/></hostdev>'));
  assert.not.ok(device('<interface type="network" cpuset="0,"><source network="a"/></interface>'));
  assert.not.ok(device('<interface type="hostdev"><source><address bus="0x06"/></source></interface>'));
});

for (const [kind, attributes] of Object.entries(policies)) {
  builtin(`policy attributes on devices are validated like in the parser: ${kind}`, () => {
    const source = '<source><address type="pci" bus="0x06"/></source>';
    for (const each of attributes) {
      const device = own.validateText(
        domain(`<devices><interface type="hostdev" ${each}>${source}</interface></devices>`),
      );
      assert.is(device.valid, kind === 'good', each);
      const { root } = parseXml(`<hostdev ${each}/>`);
      assert.is(parsePolicy(policyTextOf(root)).ok, kind === 'good', each);
    }
  });
}

builtin.run();
