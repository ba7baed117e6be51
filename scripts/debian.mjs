import { execFileSync } from 'node:child_process';

export const DEBIAN_MIRROR = 'http://deb.debian.org/debian';

/** Installs the missing Debian packages. Throws if apt-get fails. Needs root. */
export function installPackages(names) {
  const absent = names.filter((name) => !isPackageInstalled(name));
  if (absent.length === 0) return;
  // Offline: no service of the packages is started. Tests start what they need, and irqbalance would move the
  // interrupts of this machine.
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', SYSTEMD_OFFLINE: '1' };
  execFileSync('apt-get', ['update', '-q'], { stdio: ['ignore', 'ignore', 'inherit'], env });
  const install = ['install', '-y', '-q', '--no-install-recommends', ...absent];
  execFileSync('apt-get', install, { stdio: ['ignore', 'ignore', 'inherit'], env });
}

function isPackageInstalled(name) {
  try {
    const about = execFileSync('dpkg', ['--status', name], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    return /^Status: install ok installed$/m.test(about);
  } catch {
    return false;
  }
}
