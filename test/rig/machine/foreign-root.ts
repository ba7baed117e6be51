import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { cached } from './cache.js';

/** The programs of an emulated host with another architecture. Nothing of them runs on this machine. */
const PROGRAMS = [
  'bsdutils',
  'busybox-static',
  'coreutils',
  'dash',
  'findutils',
  'grep',
  'kmod',
  'libvirt-clients',
  'libvirt-daemon-driver-qemu',
  'libvirt-daemon-system',
  'libxml2-utils',
  'mawk',
  'qemu-system-x86',
  'sed',
  'systemd',
  'tzdata',
  'util-linux',
];
/** Makes /bin, /lib and /sbin links into /usr, as on an installed Debian. */
const MERGED_USR = '/usr/share/mmdebstrap/hooks/merged-usr/setup00.sh';

/**
 * A Debian root of another architecture, whose packages are unpacked but not installed.
 * @param node path of an executable for it
 */
export function foreignRoot(architecture: string, node: string): string {
  const folder = cached(`root-${architecture}`, (partial) => {
    const root = join(partial, 'root');
    const [, release = ''] = /^VERSION_CODENAME=(\S+)$/m.exec(readFileSync('/etc/os-release', 'utf8')) ?? [];
    const options = ['--quiet', '--mode=root', '--variant=extract', `--architectures=${architecture}`];
    options.push(`--include=${PROGRAMS.join()}`, `--setup-hook=${MERGED_USR}`);
    const words = [...options, release, root];
    execFileSync('mmdebstrap', words, { stdio: ['ignore', 'ignore', 'inherit'] });
    // what the packages' scripts would do
    mkdirSync(join(root, 'etc/alternatives'), { recursive: true });
    symlinkSync('/usr/bin/mawk', join(root, 'etc/alternatives/awk'));
    symlinkSync('/etc/alternatives/awk', join(root, 'usr/bin/awk'));
    cpSync(node, join(root, 'usr/bin/node'));
  });
  return join(folder, 'root');
}
