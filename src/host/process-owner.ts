import { FileError, type PseudoFs } from './pseudo-fs.js';

/**
 * Whose a process is, by what it cannot choose itself: its cgroup, which kubelet made, and its user. What the process
 * or its files say is not asked.
 */
export type ProcessOwner =
  /** root, in the file system of the host */
  | { kind: 'host' }
  /** names are undefined if kubelet's /var/log/pods does not have them */
  | { kind: 'pod'; uid: string; namespace: string | undefined; name: string | undefined }
  /** an ordinary user, or a container that is no pod; `isOnHost`: it sees the file system of the host */
  | { kind: 'user'; uid: number; name: string | undefined; isOnHost: boolean };

/** What is known of a pod by its UID. */
export interface PodNames {
  namespace: string;
  name: string;
}

/** The host's records that owners are looked up in; read once for a scan. */
export interface OwnerRecords {
  pods(): ReadonlyMap<string, PodNames>;
  users(): ReadonlyMap<number, string>;
  /** the mount namespace of the host; undefined: unknown */
  mounts(): string | undefined;
}

/** kubelet's directory of logs: NAMESPACE_NAME_UID, none of which contains a `_` (kubelet: pkg/kubelet/kuberuntime). */
const POD_LOGS = '/var/log/pods';

export function ownerRecords(files: PseudoFs): OwnerRecords {
  let pods: ReadonlyMap<string, PodNames> | undefined;
  let users: ReadonlyMap<number, string> | undefined;
  return {
    pods: () => (pods ??= readPodNames(files)),
    users: () => (users ??= readUserNames(files)),
    mounts: () => readHostMounts(files),
  };
}

function readPodNames(files: PseudoFs): ReadonlyMap<string, PodNames> {
  const found = new Map<string, PodNames>();
  for (const entry of files.list(POD_LOGS) ?? []) {
    const [, namespace, name, uid] = /^([a-z0-9-]{1,63})_([a-z0-9.-]{1,253})_([0-9a-f-]{32,36})$/.exec(entry) ?? [];
    if (namespace !== undefined && name !== undefined && uid !== undefined) found.set(uid, { namespace, name });
  }
  return found;
}

function readUserNames(files: PseudoFs): ReadonlyMap<number, string> {
  const found = new Map<number, string>();
  for (const line of (files.read('/etc/passwd') ?? '').split('\n')) {
    const [, name, uid] = /^([^:]+):[^:]*:(\d{1,10}):/.exec(line) ?? [];
    if (name !== undefined && !found.has(Number(uid))) found.set(Number(uid), name);
  }
  return found;
}

/** Undefined if the process has ended. @throws FileError */
export function readOwner(files: PseudoFs, pid: number, records: OwnerRecords): ProcessOwner | undefined {
  const cgroup = files.read(`/proc/${pid}/cgroup`);
  const status = files.read(`/proc/${pid}/status`);
  if (cgroup === undefined || status === undefined) return undefined;
  const podUid = podUidIn(cgroup);
  if (podUid !== undefined) return podOwner(podUid, records);
  // of the four the one of the file system, which QEMU cannot set as it likes
  const uid = Number(/^Uid:\s+\d+\s+\d+\s+\d+\s+(\d+)$/m.exec(status)?.[1] ?? Number.NaN);
  if (!Number.isInteger(uid)) return undefined;
  const [mounts, hosts] = [files.linkTarget(`/proc/${pid}/ns/mnt`), records.mounts()];
  if (uid === 0 && mounts !== undefined && mounts === hosts) return { kind: 'host' };
  // where that is unknown, the files of the host's libvirt must not be taken for the user's
  return { kind: 'user', uid, name: records.users().get(uid), isOnHost: hosts === undefined || mounts === hosts };
}

/**
 * The user in whose login a process runs, by the cgroup that systemd made, which it cannot leave. In user namespaces
 * each user may have thousands of other users' numbers (subuid(5)). Undefined for root, who may start anybody's.
 * @throws FileError
 */
export function readLoginUser(files: PseudoFs, pid: number, records: OwnerRecords): ProcessOwner | undefined {
  const slice = /^\d+:[^:]*:(?:\/\.\.)*\/user\.slice\/user-([1-9]\d{0,9})\.slice(?:\/|$)/m;
  const uid = Number(slice.exec(files.read(`/proc/${pid}/cgroup`) ?? '')?.[1] ?? 0);
  return uid === 0 ? undefined : { kind: 'user', uid, name: records.users().get(uid), isOnHost: true };
}

function podOwner(uid: string, records: OwnerRecords): ProcessOwner {
  const { namespace, name } = records.pods().get(uid) ?? {};
  return { kind: 'pod', uid, namespace, name };
}

/** The owner, with the names of its pod if kubelet's directory did not have them before. */
export function withPodNames(owner: ProcessOwner, records: OwnerRecords): ProcessOwner {
  if (owner.kind !== 'pod' || owner.name !== undefined || !records.pods().has(owner.uid)) return owner;
  return podOwner(owner.uid, records);
}

/** The mount namespace of the host's first process; undefined if it must not be read. */
function readHostMounts(files: PseudoFs): string | undefined {
  try {
    return files.linkTarget('/proc/1/ns/mnt');
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    return undefined;
  }
}

/**
 * The pod of a cgroup, for both drivers of kubelet. From the path's beginning on: the owner of a cgroup names what is
 * below it, and nothing above. Seen from a container with a cgroup namespace the path begins with `/..`, and kubelet's
 * first parts may be missing. Source: kubelet, pkg/kubelet/cm/cgroup_manager_linux.go.
 */
function podUidIn(cgroup: string): string | undefined {
  for (const line of cgroup.split('\n')) {
    const path = /^\d+:[^:]*:(?:\/\.\.)*(\/.*)$/.exec(line)?.[1];
    const uid =
      /^\/(?:kubepods\.slice\/)?(?:kubepods-(?:burstable|besteffort)\.slice\/)?kubepods(?:-burstable|-besteffort)?-pod([0-9a-f_]{32,36})\.slice(?:\/|$)/.exec(
        path ?? '',
      )?.[1] ?? /^\/(?:kubepods\/)?(?:burstable\/|besteffort\/)?pod([0-9a-f-]{32,36})(?:\/|$)/.exec(path ?? '')?.[1];
    if (uid !== undefined) return uid.replaceAll('_', '-');
  }
  return undefined;
}

/** For messages, and to tell guests of one name apart: no two owners have the same. */
export function formatOwner(owner: ProcessOwner): string {
  if (owner.kind === 'host') return 'root';
  if (owner.kind === 'user') return owner.name === undefined ? `user ${owner.uid}` : `user ${owner.name}`;
  return owner.name === undefined ? `pod ${owner.uid}` : `pod ${owner.namespace}/${owner.name}`;
}
