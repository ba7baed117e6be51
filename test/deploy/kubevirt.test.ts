import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { celEnv, parse, plan, run } from '@bufbuild/cel';
import { create, createFileRegistry } from '@bufbuild/protobuf';
import { FieldDescriptorProto_Type, FileDescriptorProtoSchema, FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseAllDocuments } from 'yaml';
import { parseSettings } from '../../src/affinity/settings.js';
import { readDomainXml } from '../../src/libvirt/domain-xml.js';
import { projectRoot } from '../support/cli.js';
import { validateManifests } from './validate-manifests.js';

const test = suite('deploy/kubevirt');
const folder = join(projectRoot, 'deploy/kubevirt');
const read = (path: string) => readFileSync(join(folder, path), 'utf8');
// biome-ignore lint/suspicious/noExplicitAny: what a file of YAML contains
const documents = (path: string): any[] => parseAllDocuments(read(path)).map((one) => one.toJS());

test('every manifest of Kubernetes is valid by its published schema', () => {
  const manifests = ['namespace', 'service-account', 'daemonset'].flatMap((file) => documents(`base/${file}.yaml`));
  assert.equal(
    manifests.map(({ kind }) => kind),
    ['Namespace', 'ServiceAccount', 'DaemonSet'],
  );
  assert.is(validateManifests(manifests), '');
  const [wrong] = documents('base/daemonset.yaml');
  wrong.spec.template.spec.containers[0].securityContext.capabilities.add = 'SYS_PTRACE';
  assert.match(validateManifests([wrong]), /add/);
});

test('every volume is mounted, below the root that the watcher is given; only what it writes is writable', () => {
  const [{ spec }] = documents('base/daemonset.yaml');
  const { containers, volumes } = spec.template.spec;
  const [{ args, volumeMounts }] = containers;
  assert.equal(args, ['watch', '--root', '/host', '--discover', 'proc']);
  const names = (list: { name: string }[]) => list.map(({ name }) => name).sort();
  assert.equal(names(volumeMounts), names(volumes));
  const recursive = volumeMounts.filter(
    (one: { recursiveReadOnly?: string }) => one.recursiveReadOnly === 'IfPossible',
  );
  assert.equal(names(recursive), ['proc', 'sys'], 'other file systems are mounted below these');
  const writable = volumeMounts.filter(({ readOnly }: { readOnly?: boolean }) => !readOnly);
  assert.equal(
    writable.map(({ mountPath }: { mountPath: string }) => mountPath),
    ['/host/proc/irq', '/host/sys/kernel/tracing', '/host/run/hostdev-cpuset'],
  );
});

test('the configuration is one', () => {
  assert.equal(parseSettings(read('base/config.json')).scopes, [{ namespaces: ['*'] }]);
});

/** The types of libvirtxml that the expression makes, as KubeVirt has them. */
const types = createFileRegistry(
  create(FileDescriptorSetSchema, {
    file: [
      create(FileDescriptorProtoSchema, {
        name: 'libvirtxml.proto',
        syntax: 'proto3',
        messageType: [
          {
            name: 'Domain',
            field: [
              { name: 'Metadata', number: 1, type: FieldDescriptorProto_Type.MESSAGE, typeName: '.DomainMetadata' },
            ],
          },
          { name: 'DomainMetadata', field: [{ name: 'XML', number: 1, type: FieldDescriptorProto_Type.STRING }] },
        ],
      }),
    ],
  }),
);

/** The metadata that the plugin gives a domain; undefined: it leaves the domain alone. */
function metadataOf(domainSpec: object): string | undefined {
  const [{ spec }] = documents('plugin/plugin.yaml');
  const [{ condition, cel }] = spec.domainHooks;
  // biome-ignore lint/suspicious/noExplicitAny: values of CEL are of many types
  const bindings: any = { domainSpec };
  if (run(condition, bindings) !== true) return undefined;
  // biome-ignore lint/suspicious/noExplicitAny: as above
  const result: any = plan(celEnv({ registry: types }), parse(cel.expression))(bindings);
  const [metadata] = result.desc.fields;
  return result.get(metadata).get(metadata.message.fields[0]);
}

const KUBEVIRT = '<kubevirt xmlns="http://kubevirt.io"><uid>0f8e2c1a</uid></kubevirt>';
const domainSpec = (hostdevs: object[], xml = KUBEVIRT) => ({
  Metadata: { XML: xml },
  Devices: { Hostdevs: hostdevs },
});
const PCI = { SubsysPCI: { Source: {} }, SubsysUSB: null };

test('the plugin gives a domain with a PCI device the default auto, once', () => {
  const element = '<hostdevs xmlns="urn:hostdev-cpuset:1" default="auto"/>';
  const metadata = metadataOf(domainSpec([PCI]));
  assert.is(metadata, KUBEVIRT + element);
  assert.is(metadataOf(domainSpec([PCI], metadata)), undefined);
  assert.is(metadataOf(domainSpec([])), undefined);
  assert.is(metadataOf(domainSpec([{ SubsysPCI: null, SubsysUSB: {} }])), undefined);
  const xml = `<domain><name>a</name><metadata>${metadata}</metadata></domain>`;
  assert.is(readDomainXml(Buffer.from(xml)).default, 'auto');
});

/** What the sidecar makes of a domain. */
function sidecar(domain: string, annotations: object = {}): string {
  const vmi = JSON.stringify({ metadata: { annotations } });
  const words = [join(folder, 'sidecar/on-define-domain.sh'), '--vmi', vmi, '--domain', domain];
  const { stdout, stderr, status } = spawnSync('sh', words, { encoding: 'utf8' });
  assert.equal([status, stderr], [0, '']);
  return stdout;
}

test('the sidecar adds the default to the metadata, or makes it, and leaves XML that has it', () => {
  const others = '<devices>\n  <disk a="%s \\n"/></devices>';
  const element = (value: string) => `<hostdevs xmlns="urn:hostdev-cpuset:1" default="${value}"/>`;
  const has = `<domain>\n<metadata>${KUBEVIRT}</metadata>${others}</domain>`;
  const added = `<domain>\n<metadata>${KUBEVIRT}${element('auto')}</metadata>${others}</domain>`;
  assert.is(sidecar(has), `${added}\n`);
  assert.is(sidecar(sidecar(has)), `${added}\n\n`);
  assert.is(
    sidecar(`<domain>${others}</domain>`, { 'hostdev-cpuset/default': 'native' }),
    `<domain>${others}<metadata>${element('native')}</metadata></domain>\n`,
  );
  assert.is(sidecar('<domain/>'), '<domain/>\n');
  assert.is(readDomainXml(Buffer.from(sidecar(has))).default, 'auto');
});

test.run();
