import { cpSync, mkdirSync } from 'node:fs';
import * as assert from 'uvu/assert';
import { configureAsDaemonSet, readPodSpec } from '../../deploy/daemonset-container.js';
import { Container } from './container.js';
import { text } from './kernel-files.js';
import { run } from './run.js';
import { eventually } from './wait.js';

/** deploy/kubevirt/base */
const MANIFESTS = '/rig/kubevirt';
const CONFIG_MAP = '/run/config-map';

/** The node agent of deploy/kubevirt: a container with the privileges and mounts of the DaemonSet. */
export class NodeAgent {
  private constructor(private readonly container: Container) {}

  /** @param options more words for `watch` */
  static async start(...options: string[]): Promise<NodeAgent> {
    const spec = readPodSpec(`${MANIFESTS}/daemonset.yaml`);
    mkdirSync(CONFIG_MAP, { recursive: true });
    cpSync(`${MANIFESTS}/config.json`, `${CONFIG_MAP}/config.json`);
    const container = await Container.start('agent', (config) => {
      configureAsDaemonSet(config, spec, 'hostdev-cpuset', (hostPath) => hostPath ?? CONFIG_MAP);
      config.process.args.push(...options);
      config.linux.cgroupsPath = '/kubepods/burstable/pod5d1f7a90-0000-4000-8000-00000000a9e7/watch';
    });
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
