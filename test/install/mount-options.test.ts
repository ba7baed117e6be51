import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { mountOptions } from '../../src/install/mount-options.js';

const test = suite('mount options of a path');

const MOUNTINFO = `22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
30 22 8:2 / /etc rw,nodev - ext4 /dev/sda2 rw
31 30 8:3 / /etc/libvirt/hooks rw,noexec - ext4 /dev/sda3 rw
32 22 8:4 / /srv/my\\040files rw,nosuid - ext4 /dev/sda4 rw
33 30 8:5 / /etc/two rw,noexec - ext4 /dev/sda5 rw
34 30 8:6 / /etc/two ro - ext4 /dev/sda6 rw
`;

for (const [path, options] of [
  ['/', 'rw,relatime'],
  ['/usr/bin', 'rw,relatime'],
  ['/etcetera', 'rw,relatime'],
  ['/etc', 'rw,nodev'],
  ['/etc/libvirt', 'rw,nodev'],
  ['/etc/libvirt/hooks', 'rw,noexec'],
  ['/etc/libvirt/hooks/qemu.d', 'rw,noexec'],
  ['/etc/libvirt/hooks2', 'rw,nodev'],
  ['/srv/my files/x', 'rw,nosuid'],
  ['/etc/two/x', 'ro'],
] as const)
  test(path, () => assert.is(mountOptions(path, MOUNTINFO).join(), options));

test('mount options of /proc on this machine', () => assert.ok(/\br[ow]\b/.test(mountOptions('/proc').join())));

test.run();
