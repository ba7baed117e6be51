import * as assert from 'uvu/assert';
import { needs, suiteWhere } from '../support/needs.js';
import { errorsIn, onHostWithPackage } from './own-host.js';

const test = suiteWhere('install and uninstall where files cannot be written', needs('mount-namespace'));

/** What was done, and the exit statuses. */
const actionsIn = (lines: readonly string[]) => lines.filter((line) => /^(?:created|removed|status) /.test(line));

test('a read-only /etc is reported in one line with the options to use, and nothing is written', async () => {
  const lines = await onHostWithPackage(
    `mkdir -p /etc/hostdev-cpuset /etc/systemd/system /etc/tmpfiles.d /opt/hooks
mount -t tmpfs -o ro,mode=755 none /etc/systemd/system
tool install
tool install --dry-run
tool install --no-service --no-irqbalance --hooks-dir /opt/hooks
mount -o remount,ro /etc
tool install
tool uninstall --hooks-dir /opt/hooks
find /etc -type f`,
  );
  const place = '/etc/systemd/system';
  const message = (path: string, more: number, options: string) =>
    `hostdev-cpuset: cannot write ${path} and ${more} more: the file system is read-only; nothing was changed; see "A read-only /etc" in docs/installing.md: ${options}`;
  const units = message(`${place}/hostdev-cpuset.service`, 1, '--no-service, --no-irqbalance');
  const hook = '--no-hook (or --hooks-dir DIR, if libvirt looks for hooks elsewhere)';
  const all = message('/etc/hostdev-cpuset/hook', 5, `${hook}, --no-service, --no-irqbalance`);
  assert.equal(errorsIn(lines), [units, units, all]);
  assert.equal(actionsIn(lines), [
    'status 2',
    'status 2',
    'created     /opt/hooks/hostdev-cpuset/hook',
    'created     /opt/hooks/qemu.d/hostdev-cpuset',
    'status 0',
    'status 2',
    'removed     /opt/hooks/hostdev-cpuset/hook',
    'removed     /opt/hooks/qemu.d/hostdev-cpuset',
    'status 0',
  ]);
  assert.is(lines.at(-1), 'status 0', 'there is no file in /etc');
});

test('if files in a read-only /etc cannot be removed, the line suggests no option that uninstall lacks', async () => {
  const lines = await onHostWithPackage(
    'tool install --no-service --no-irqbalance >/dev/null; mount -o remount,ro /etc; tool uninstall',
  );
  assert.equal(lines, [
    'hostdev-cpuset: cannot remove /etc/hostdev-cpuset/hook and 1 more: the file system is read-only; nothing was changed',
    'status 2',
  ]);
});

test('if a later file cannot be written, the earlier ones are removed again or reported', async () => {
  const path = '/etc/systemd/system/irqbalance.service.d';
  const lines = await onHostWithPackage(
    `mkdir -p ${path}
mount -t tmpfs -o size=4k,nr_inodes=3,mode=755 none ${path}
head -c 4096 /dev/zero >${path}/full
program systemctl 'touch /run/asked'
tool install
[ ! -e /run/asked ] || echo 'systemd was asked'
find /etc -name '*hostdev*' -o -name hook
tool install --no-irqbalance >/dev/null
rm /run/asked
echo '# changed' >>/etc/hostdev-cpuset/hook
tool install --force
[ ! -e /run/asked ] || echo 'systemd was asked'`,
  );
  assert.is(lines.length, 4, lines.join('\n'));
  assert.match(
    lines[0] ?? '',
    new RegExp(`^hostdev-cpuset: ${path}\\S*: no space left on the device; nothing was installed$`),
  );
  assert.match(lines[2] ?? '', / not undone: \/etc\/hostdev-cpuset\/hook \(updated\)$/);
  assert.equal([lines[1], lines[3]], ['status 2', 'status 2']);
});

test.run();
