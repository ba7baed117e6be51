import { cpSync, mkdirSync, readFileSync } from 'node:fs';
import * as assert from 'uvu/assert';
import { parse } from 'yaml';
import { Container, type RuntimeConfig } from './container.js';
import { text } from './kernel-files.js';
import { run } from './run.js';
import { eventually } from './wait.js';

/** deploy/kubevirt/base */
const MANIFESTS = '/rig/kubevirt';
const CONFIG_MAP = '/run/config-map';

interface PodSpec {
  hostPID: boolean;
  containers: {
    args: string[];
    securityContext: {
      runAsUser: number;
      allowPrivilegeEscalation: boolean;
      readOnlyRootFilesystem: boolean;
      capabilities: { drop: string[]; add: string[] };
    };
    volumeMounts: { name: string; mountPath: string; readOnly?: boolean; recursiveReadOnly?: 'IfPossible' }[];
  }[];
  volumes: { name: string; hostPath?: { path: string } }[];
}

/** The node agent of deploy/kubevirt: a container with the privileges and mounts of the DaemonSet. */
export class NodeAgent {
  private constructor(private readonly container: Container) {}

  /** @param options more words for `watch` */
  static async start(...options: string[]): Promise<NodeAgent> {
    const manifest = readFileSync(`${MANIFESTS}/daemonset.yaml`, 'utf8');
    const { spec } = (parse(manifest) as { spec: { template: { spec: PodSpec } } }).spec.template;
    mkdirSync(CONFIG_MAP, { recursive: true });
    cpSync(`${MANIFESTS}/config.json`, `${CONFIG_MAP}/config.json`);
    const container = await Container.start('agent', (config) => configure(config, spec, options));
    return new NodeAgent(container);
  }

  get pid(): number {
    return this.container.pid;
  }

  /** As kubelet ends a container. */
  async stop(): Promise<void> {
    await run('runc', 'kill', this.container.name, 'TERM');
    await eventually(() => assert.match(text(`/proc/${this.pid}/stat`), /^$|\) Z /));
    await this.container.remove();
  }
}

/** As kubelet does: scripts/packages/in-container.mjs has the same rules, for the image that is built. */
function configure(config: RuntimeConfig, spec: PodSpec, options: string[]): void {
  const [container] = spec.containers;
  if (!container) throw new Error('the DaemonSet has no container');
  const { args, securityContext, volumeMounts } = container;
  const { process: program, linux } = config;
  assert.equal(securityContext.capabilities.drop, ['ALL']);
  const granted = securityContext.capabilities.add.map((capability) => `CAP_${capability}`);
  program.args = ['hostdev-cpuset', ...args, ...options];
  program.user = { uid: securityContext.runAsUser, gid: 0 };
  program.capabilities = { bounding: granted, effective: granted, permitted: granted };
  program.noNewPrivileges = !securityContext.allowPrivilegeEscalation;
  config.root.readonly = securityContext.readOnlyRootFilesystem;
  linux.namespaces = linux.namespaces.filter(({ type }) => !(type === 'pid' && spec.hostPID));
  linux.cgroupsPath = '/kubepods/burstable/pod5d1f7a90-0000-4000-8000-00000000a9e7/watch';
  for (const { name, mountPath, readOnly, recursiveReadOnly } of volumeMounts) {
    const path = spec.volumes.find((volume) => volume.name === name)?.hostPath?.path;
    if (path !== undefined) mkdirSync(path, { recursive: true });
    const source = path ?? CONFIG_MAP;
    // rro: with what is mounted below
    const access = recursiveReadOnly ? 'rro' : readOnly ? 'ro' : 'rw';
    config.mounts.push({ destination: mountPath, type: 'bind', source, options: ['rbind', access] });
  }
}
