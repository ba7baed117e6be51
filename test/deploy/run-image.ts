import * as assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseHostDescription, SimulatedKernel, writeTree } from '../simulator/index.js';
import { projectRoot } from '../support/cli.js';
import { type ContainerConfig, configureAsDaemonSet, readPodSpec } from './daemonset-container.js';

/**
 * `run-image.ts ARCHIVE`, as `npm run test:packages` does: runs the image of the node agent by runc, with the
 * privileges and mounts of the DaemonSet, on a simulated node with one VM in a pod. The agent places the interrupts of
 * the VM, its probes succeed, and it ends at SIGTERM.
 */
const [archive = ''] = process.argv.slice(2);
const MANIFESTS = join(projectRoot, 'deploy/kubevirt/base');
const NODE = join(projectRoot, 'test/deploy/node-with-vm.json');
const TIME_LIMIT_MS = 30_000;

const work = mkdtempSync(join(tmpdir(), 'hostdev-cpuset-container-'));
const name = `hostdev-cpuset-${process.pid}`;
const runc = (...words: string[]) => ['--root', join(work, 'runc'), ...words];

async function test(): Promise<void> {
  const spec = readPodSpec(join(MANIFESTS, 'daemonset.yaml'));
  const [{ livenessProbe, readinessProbe }] = spec.containers;
  const node = join(work, 'node');
  writeTree(new SimulatedKernel(parseHostDescription(readFileSync(NODE, 'utf8'))), node);
  const configMap = join(work, 'config-map');
  mkdirSync(configMap);
  cpSync(join(MANIFESTS, 'config.json'), join(configMap, 'config.json'));
  const bundle = unpack();
  const path = join(bundle, 'config.json');
  const config = JSON.parse(readFileSync(path, 'utf8')) as ContainerConfig & { linux: { resources?: object } };
  const [program = ''] = config.process.args;
  configureAsDaemonSet(config, spec, program, (hostPath) => (hostPath ? join(node, hostPath) : configMap));
  delete config.linux.resources;
  writeFileSync(path, JSON.stringify(config));

  const agent = spawn('runc', runc('run', '--bundle', bundle, name), { stdio: ['ignore', 'inherit', 'inherit'] });
  const ended = once(agent, 'exit');
  const masks = () => [40, 41].map((irq) => readFileSync(`${node}/proc/irq/${irq}/smp_affinity`, 'utf8').trim());
  await until(
    () => masks().every((mask) => Number.parseInt(mask, 16) === 0b1100),
    () => `the masks are ${masks()}, not those of CPU 2-3`,
  );
  for (const { exec } of [livenessProbe, readinessProbe]) {
    const run = () => spawnSync('runc', runc('exec', name, ...exec.command), { encoding: 'utf8' });
    await until(
      () => run().status === 0,
      () => `${exec.command.join(' ')}: ${JSON.stringify(run())}`,
    );
  }
  execFileSync('runc', runc('kill', name, 'TERM'));
  assert.equal((await ended)[0], 0, 'the exit status at SIGTERM');
}

/** The directory of the image's files and its configuration. */
function unpack(): string {
  const layout = join(work, 'layout');
  mkdirSync(layout);
  execFileSync('tar', ['-xf', archive, '-C', layout]);
  const { manifests } = JSON.parse(readFileSync(join(layout, 'index.json'), 'utf8'));
  const tag = manifests[0].annotations['org.opencontainers.image.ref.name'];
  const bundle = join(work, 'bundle');
  execFileSync('umoci', ['unpack', '--image', `${layout}:${tag}`, bundle], { stdio: ['ignore', 'ignore', 'inherit'] });
  return bundle;
}

async function until(isSo: () => boolean, problem: () => string): Promise<void> {
  for (const endMs = Date.now() + TIME_LIMIT_MS; !isSo(); await sleep(200)) assert.ok(Date.now() < endMs, problem());
}

test()
  .then(() => console.log(`${archive}: passed`))
  .finally(() => {
    spawnSync('runc', runc('delete', '--force', name));
    rmSync(work, { recursive: true });
  });
