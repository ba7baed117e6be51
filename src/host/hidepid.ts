import type { PseudoFs } from './pseudo-fs.js';

const CAP_SYS_PTRACE = 19n;

/**
 * True if /proc is mounted with hidepid and hides other users' processes from us: their files give EPERM (hidepid=1) or
 * ENOENT (2 and 4). CAP_SYS_PTRACE lifts that; for 1 and 2 so does the group of `gid=` (default 0). Source: kernel,
 * has_pid_permissions() in fs/proc/base.c.
 */
export function hidesProcesses(files: PseudoFs): boolean {
  const options = procOptions(files.read('/proc/self/mountinfo') ?? '', files.root).find((list) => list.has('hidepid'));
  const level = options?.get('hidepid');
  if (!options || level === '0' || level === 'off') return false;
  const status = files.read('/proc/self/status') ?? '';
  if (hasCapability(status, CAP_SYS_PTRACE)) return false;
  const isForEveryGroup = level === '4' || level === 'ptraceable';
  return isForEveryGroup || !groups(status).includes(options.get('gid') ?? '0');
}

/**
 * The mount options of /proc. Below a --root, which may be any path, those of each proc file system whose mount point
 * ends in /proc.
 */
function procOptions(mountinfo: string, root: string): ReadonlyMap<string, string>[] {
  const byMountPoint = new Map<string, ReadonlyMap<string, string>>();
  for (const line of mountinfo.split('\n')) {
    // id, parent, device, root, mount point, options, optional fields; type, source, options of the file system:
    // proc(5)
    const [mount = '', fileSystem = ''] = line.split(' - ');
    const [, , , source, mountPoint] = mount.split(' ');
    const [type, , options = ''] = fileSystem.split(' ');
    if (source !== '/' || !mountPoint?.endsWith('/proc') || (root === '' && mountPoint !== '/proc')) continue;
    // of two mounts on one directory the later one hides the other
    byMountPoint.set(mountPoint, type === 'proc' ? parseOptions(options) : new Map());
  }
  return [...byMountPoint.values()];
}

function parseOptions(options: string): ReadonlyMap<string, string> {
  return new Map(
    options.split(',').map((option): [string, string] => {
      const [key = '', value = ''] = option.split('=');
      return [key, value];
    }),
  );
}

function hasCapability(status: string, capability: bigint): boolean {
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1];
  return effective !== undefined && ((BigInt(`0x${effective}`) >> capability) & 1n) === 1n;
}

/** The group used for file access, and the supplementary groups. */
function groups(status: string): string[] {
  const fsgid = /^Gid:(?:\s+\d+){3}\s+(\d+)$/m.exec(status)?.[1];
  const others = /^Groups:(.*)$/m.exec(status)?.[1]?.trim().split(/\s+/) ?? [];
  return fsgid === undefined ? others : [fsgid, ...others];
}
