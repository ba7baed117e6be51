import * as assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { parse } from 'yaml';

/** The part of the OCI runtime's configuration that depends on the DaemonSet. */
export interface ContainerConfig {
  process: {
    terminal?: boolean;
    args: string[];
    user: { uid: number; gid: number };
    capabilities: Partial<Record<'bounding' | 'effective' | 'permitted' | 'inheritable' | 'ambient', string[]>>;
    noNewPrivileges: boolean;
  };
  root: { readonly: boolean };
  mounts: { destination: string; type: string; source: string; options?: string[] }[];
  linux: { namespaces: { type: string }[] };
}

interface DaemonSetContainer {
  args: string[];
  securityContext: {
    runAsUser: number;
    allowPrivilegeEscalation: boolean;
    readOnlyRootFilesystem: boolean;
    capabilities: { drop: string[]; add: string[] };
  };
  volumeMounts: { name: string; mountPath: string; readOnly?: boolean; recursiveReadOnly?: 'IfPossible' }[];
  livenessProbe: Probe;
  readinessProbe: Probe;
}

interface Probe {
  exec: { command: string[] };
}

interface PodSpec {
  hostPID: boolean;
  containers: [DaemonSetContainer];
  volumes: { name: string; hostPath?: { path: string } }[];
}

/** @param path of deploy/kubevirt/base/daemonset.yaml */
export function readPodSpec(path: string): PodSpec {
  return (parse(readFileSync(path, 'utf8')) as { spec: { template: { spec: PodSpec } } }).spec.template.spec;
}

/**
 * Gives a container the words, privileges and mounts of the DaemonSet's, as kubelet does. What a runtime adds by
 * itself, such as its seccomp profile, is not there.
 * @param program what the image starts
 * @param volumeFolder the directory of a volume: of a path of the host, or, undefined, of the ConfigMap
 */
export function configureAsDaemonSet(
  config: ContainerConfig,
  { hostPID, containers: [container], volumes }: PodSpec,
  program: string,
  volumeFolder: (hostPath: string | undefined) => string,
): void {
  const { args, securityContext, volumeMounts } = container;
  assert.deepEqual(securityContext.capabilities.drop, ['ALL']);
  const granted = securityContext.capabilities.add.map((capability) => `CAP_${capability}`);
  Object.assign(config.process, {
    terminal: false,
    args: [program, ...args],
    user: { uid: securityContext.runAsUser, gid: 0 },
    capabilities: { bounding: granted, effective: granted, permitted: granted },
    noNewPrivileges: !securityContext.allowPrivilegeEscalation,
  });
  config.root.readonly = securityContext.readOnlyRootFilesystem;
  config.linux.namespaces = config.linux.namespaces.filter(({ type }) => !(type === 'pid' && hostPID));
  for (const { name, mountPath, readOnly, recursiveReadOnly } of volumeMounts) {
    const source = volumeFolder(volumes.find((volume) => volume.name === name)?.hostPath?.path);
    mkdirSync(source, { recursive: true });
    // rro: with what is mounted below
    const access = recursiveReadOnly ? 'rro' : readOnly ? 'ro' : 'rw';
    config.mounts.push({ destination: mountPath, type: 'bind', source, options: ['rbind', access] });
  }
}
