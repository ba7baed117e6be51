// in-container.mjs ARCHIVE: runs the image of build-image.mjs by runc, with the privileges and mounts of deploy/kubevirt's
// DaemonSet, on a simulated node with one VM in a pod: the agent places the interrupts of the VM, its probes succeed,
// and it ends at SIGTERM. What a runtime adds by itself, such as its seccomp profile, is not there.
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parse } from 'yaml';
import { parseHostDescription, SimulatedKernel, writeTree } from '../../dist/modules/test/simulator/index.js';

const MANIFESTS = 'deploy/kubevirt/base';
const NODE = 'test/deploy/node-with-vm.json';
const TIME_LIMIT_MS = 30_000;

const [archive] = process.argv.slice(2);
const work = mkdtempSync(join(tmpdir(), 'hostdev-cpuset-container-'));
const name = `hostdev-cpuset-${process.pid}`;
const runc = (...words) => ['runc', ['--root', join(work, 'runc'), ...words]];
try {
  await test();
  console.log(`${archive}: passed`);
} finally {
  spawnSync(...runc('delete', '--force', name));
  rmSync(work, { recursive: true });
}

async function test() {
  const { spec } = parse(readFileSync(join(MANIFESTS, 'daemonset.yaml'), 'utf8')).spec.template;
  const [container] = spec.containers;
  const node = join(work, 'node');
  writeTree(new SimulatedKernel(parseHostDescription(readFileSync(NODE, 'utf8'))), node);
  const bundle = unpack();
  writeFileSync(join(bundle, 'config.json'), JSON.stringify(runtimeConfig(bundle, spec, container, node)));

  const agent = spawn(...runc('run', '--bundle', bundle, name), { stdio: ['ignore', 'inherit', 'inherit'] });
  const ended = new Promise((resolve) => agent.on('exit', resolve));
  const masks = () => [40, 41].map((irq) => readFileSync(`${node}/proc/irq/${irq}/smp_affinity`, 'utf8').trim());
  await until(
    () => masks().every((mask) => Number.parseInt(mask, 16) === 0b1100),
    () => `the masks are ${masks()}, not those of CPU 2-3`,
  );
  for (const probe of ['livenessProbe', 'readinessProbe']) {
    const run = () => spawnSync(...runc('exec', name, ...container[probe].exec.command), { encoding: 'utf8' });
    await until(
      () => run().status === 0,
      () => `${probe}: ${JSON.stringify(run())}`,
    );
  }
  execFileSync(...runc('kill', name, 'TERM'));
  assert.equal(await ended, 0, 'the exit status at SIGTERM');
}

/** @returns {string} the directory of the image's files and its configuration */
function unpack() {
  const layout = join(work, 'layout');
  mkdirSync(layout);
  execFileSync('tar', ['-xf', archive, '-C', layout]);
  const { manifests } = JSON.parse(readFileSync(join(layout, 'index.json'), 'utf8'));
  const tag = manifests[0].annotations['org.opencontainers.image.ref.name'];
  const bundle = join(work, 'bundle');
  execFileSync('umoci', ['unpack', '--image', `${layout}:${tag}`, bundle], { stdio: ['ignore', 'ignore', 'inherit'] });
  return bundle;
}

/** The OCI runtime's configuration of the DaemonSet's container, as kubelet makes it, with the volumes of `node`. */
function runtimeConfig(bundle, spec, { args, securityContext, volumeMounts }, node) {
  const config = JSON.parse(readFileSync(join(bundle, 'config.json'), 'utf8'));
  const { process: program, linux } = config;
  assert.deepEqual(securityContext.capabilities.drop, ['ALL']);
  const granted = securityContext.capabilities.add.map((capability) => `CAP_${capability}`);
  const capabilities = { bounding: granted, effective: granted, permitted: granted };
  Object.assign(program, {
    terminal: false,
    args: [program.args[0], ...args],
    user: { uid: securityContext.runAsUser, gid: 0 },
    capabilities,
    noNewPrivileges: !securityContext.allowPrivilegeEscalation,
  });
  config.root.readonly = securityContext.readOnlyRootFilesystem;
  linux.namespaces = linux.namespaces.filter(({ type }) => !(type === 'pid' && spec.hostPID));
  delete linux.resources;
  for (const { name: volume, mountPath, readOnly, recursiveReadOnly } of volumeMounts) {
    const source = volumeFolder(
      spec.volumes.find((one) => one.name === volume),
      node,
    );
    // rro: with what is mounted below
    const options = ['rbind', recursiveReadOnly ? 'rro' : readOnly ? 'ro' : 'rw'];
    config.mounts.push({ destination: mountPath, type: 'bind', source, options });
  }
  return config;
}

function volumeFolder({ hostPath, configMap }, node) {
  const folder = hostPath ? join(node, hostPath.path) : join(work, configMap.name);
  mkdirSync(folder, { recursive: true });
  if (configMap) cpSync(join(MANIFESTS, 'config.json'), join(folder, 'config.json'));
  return folder;
}

async function until(isSo, problem) {
  for (const endMs = Date.now() + TIME_LIMIT_MS; !isSo(); await sleep(200)) assert.ok(Date.now() < endMs, problem());
}
