import { execFileSync } from 'node:child_process';
import { cpSync, readFileSync } from 'node:fs';
import * as assert from 'uvu/assert';
import { parseAllDocuments } from 'yaml';
import { projectRoot } from '../support/cli.js';
import { kustomize, needs, suiteWhere } from '../support/needs.js';
import { TemporaryFolder } from '../support/temporary-folder.js';
import { validateManifests } from './validate-manifests.js';

const test = suiteWhere('deploy/kubevirt by kustomize', needs('kustomize'));

/** The manifests that `kubectl apply -k` sends, by kind. */
const build = (folder: string) => buildIn(`${projectRoot}deploy/kubevirt/${folder}`);

function buildIn(folder: string) {
  const words = ['build', folder];
  const yaml = execFileSync(kustomize, words, { encoding: 'utf8' });
  // biome-ignore lint/suspicious/noExplicitAny: what a file of YAML contains
  const manifests: any[] = parseAllDocuments(yaml).map((one) => one.toJS());
  assert.is(validateManifests(manifests), '');
  return new Map(manifests.map((one) => [one.kind, one]));
}

test('the base has a ConfigMap, which the DaemonSet mounts by its generated name', () => {
  const manifests = build('base');
  assert.equal([...manifests.keys()].sort(), ['ConfigMap', 'DaemonSet', 'Namespace', 'ServiceAccount']);
  const { name } = manifests.get('ConfigMap').metadata;
  assert.match(name, /^hostdev-cpuset-\w+$/);
  const { volumes } = manifests.get('DaemonSet').spec.template.spec;
  assert.is(volumes.find((one: { name: string }) => one.name === 'config').configMap.name, name);
});

test('the overlay for metrics adds a volume and names the file in it, and changes nothing else', () => {
  const [base, overlay] = ['base', 'overlays/metrics'].map((folder) => build(folder).get('DaemonSet'));
  const { containers, volumes } = overlay.spec.template.spec;
  const [{ args, volumeMounts }] = containers;
  const [volume] = volumes.splice(
    volumes.findIndex((one: { name: string }) => one.name === 'metrics'),
    1,
  );
  const [mount] = volumeMounts.splice(
    volumeMounts.findIndex((one: { name: string }) => one.name === 'metrics'),
    1,
  );
  assert.is(volume.hostPath.path, '/var/lib/node_exporter/textfile_collector');
  assert.equal(args.splice(-2), ['--metrics', `${mount.mountPath}/hostdev-cpuset.prom`]);
  assert.equal(overlay, base);
});

test("the page's own kustomization sets the image and the configuration", () => {
  const page = readFileSync(`${projectRoot}docs/kubevirt.md`, 'utf8');
  const [, own = ''] = /^```yaml\n(resources:\n.*?)^```/ms.exec(page) ?? [];
  const folder = new TemporaryFolder();
  try {
    cpSync(`${projectRoot}deploy`, folder.join('deploy'), { recursive: true });
    folder.write('kustomization.yaml', own);
    folder.write('config.json', '{ "default": "auto" }');
    const manifests = buildIn(folder.path);
    const [container] = manifests.get('DaemonSet').spec.template.spec.containers;
    assert.match(container.image, /^registry\.example\.org\/hostdev-cpuset:\d/);
    const { data, metadata } = manifests.get('ConfigMap');
    assert.equal(data, { 'config.json': '{ "default": "auto" }' });
    const { volumes } = manifests.get('DaemonSet').spec.template.spec;
    const config = volumes.find((one: { name: string }) => one.name === 'config');
    assert.is(config.configMap.name, metadata.name);
  } finally {
    folder.remove();
  }
});

test('the ConfigMap of the sidecar has the name that the annotation of a VM states', () => {
  const config = build('sidecar').get('ConfigMap');
  assert.is(config.metadata.name, 'hostdev-cpuset-sidecar');
  assert.equal(Object.keys(config.data), ['on-define-domain.sh']);
});

test.run();
