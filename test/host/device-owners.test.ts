import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { PciAddress } from '../../src/domain/address.js';
import { findOwners, type OwnershipContext } from '../../src/host/device-owners.js';
import { isOpenIn, OpenDevicesCache, readOpenDevices } from '../../src/host/open-devices.js';
import { FileError } from '../../src/host/pseudo-fs.js';
import { FixedFiles } from './fixed-files.js';

const owners = suite('which QEMU has a device open');
const A = '0000:06:00.0' as PciAddress;
const B = '0000:06:00.1' as PciAddress;
const C = '0000:07:00.0' as PciAddress;

/** A and B are in group 12, C in group 13. */
const DEVICES: Record<string, string> = {
  [`/sys/bus/pci/devices/${A}/iommu_group`]: '../../../kernel/iommu_groups/12',
  [`/sys/bus/pci/devices/${B}/iommu_group`]: '../../../kernel/iommu_groups/12',
  [`/sys/bus/pci/devices/${C}/iommu_group`]: '../../../kernel/iommu_groups/13',
  [`/sys/bus/pci/devices/${A}/vfio-dev/vfio0/dev`]: '511:0\n',
  [`/sys/bus/pci/devices/${B}/vfio-dev/vfio1/dev`]: '511:1\n',
  [`/sys/bus/pci/devices/${C}/vfio-dev/vfio2/dev`]: '511:2\n',
};
type Texts = Record<string, string | FileError>;

function qemu(name: string, pid: number, ...targets: string[]): Texts {
  const fds = ['/dev/null', 'anon_inode:[eventfd]', 'socket:[1]', ...targets];
  return {
    [`/run/libvirt/qemu/${name}.pid`]: `${pid}\n`,
    [`/proc/${pid}/cmdline`]: `qemu\0-name\0guest=${name},debug-threads=on\0`,
    ...Object.fromEntries(fds.map((target, fd) => [`/proc/${pid}/fd/${fd}`, target])),
  };
}

/** The descriptors of some processes cannot be read. */
class Unreadable extends FixedFiles {
  constructor(
    texts: Texts,
    private readonly pids: readonly number[],
  ) {
    super(texts);
  }

  override list(path: string): string[] | undefined {
    if (this.pids.some((pid) => path === `/proc/${pid}/fd`)) throw new FileError('EACCES', path);
    return super.list(path);
  }
}

function openBy(...targets: string[]): PciAddress[] {
  const files = new FixedFiles({ ...DEVICES, ...qemu('one', 700, ...targets) });
  const open = readOpenDevices(files, 700);
  assert.ok(open && !(open instanceof FileError));
  return [A, B, C].filter((address) => isOpenIn(files, address, open));
}

owners('descriptors without number are not listed', () => {
  const files = new FixedFiles({
    ...DEVICES,
    ...qemu('one', 700, '/dev/vfio/12'),
    '/proc/700/status': 'FDSize:\t131072\n',
  });
  const open = readOpenDevices(files, 700);
  assert.ok(open instanceof FileError);
  assert.is(open.code, 'E2BIG');
});

owners('of a guest that was found by its devices, one that it may have closed is not its own', () => {
  const texts = { ...DEVICES, ...qemu('one', 700, '/dev/vfio/13') };
  const context = { mustBeOpen: true, claimants: () => [{ name: 'one', uuid: undefined }] };
  const find = (files: FixedFiles) => findOwners(files, { name: 'one', pid: 700 }, [A, C], context);
  assert.equal([...find(new FixedFiles(texts)).closed], [A]);
  const hidden = find(new Unreadable(texts, [700]));
  assert.equal([[...hidden.closed], hidden.unreadable?.code], [[A, C], 'EACCES']);
});

owners('an open group means all of its devices', () => {
  assert.equal(openBy('/dev/vfio/vfio', '/dev/vfio/12'), [A, B]);
  assert.equal(openBy('/dev/vfio/13', '/dev/vfio/noiommu-12'), [A, B, C]);
  assert.equal(openBy('/dev/vfio/12 (deleted)'), [A, B], 'libvirt has removed the device node');
});

owners('an open character device means one device', () => {
  assert.equal(openBy('/dev/iommu', '/dev/vfio/devices/vfio1'), [B]);
  assert.equal(openBy('/dev/vfio/devices/vfio2 (deleted)'), [C]);
});

owners("paths that only look like VFIO's are ignored", () => {
  assert.equal(openBy('/dev/vfio/vfio', '/tmp/dev/vfio/12', '/dev/vfio/12/13', '/dev/vfio/devices/vfio', 'vfio2'), []);
});

owners('the address in fdinfo is used if the kernel provides it', () => {
  const files = new FixedFiles({
    ...DEVICES,
    ...qemu('one', 700, 'anon_inode:[vfio-device]'),
    '/proc/700/fdinfo/3': `pos:\t0\nvfio-device-syspath: /sys/devices/pci0000:00/0000:00:1c.0/${C}\n`,
  });
  const open = readOpenDevices(files, 700);
  assert.ok(open && !(open instanceof FileError));
  assert.equal(
    [A, B, C].filter((address) => isOpenIn(files, address, open)),
    [C],
  );
});

owners('a process that has ended is undefined, an unreadable one an error', () => {
  assert.is(readOpenDevices(new FixedFiles(DEVICES), 700), undefined);
  assert.instance(readOpenDevices(new Unreadable(qemu('one', 700), [700]), 700), FileError);
});

owners('descriptors are read again only after the given age', () => {
  const texts = qemu('one', 700, '/dev/vfio/12');
  const cache = new OpenDevicesCache(new FixedFiles(texts));
  const first = cache.get(700, 1000, 0);
  assert.is(cache.get(700, 1000, 0), first);
  assert.is(cache.get(700, 2000, 1000), first);
  assert.is.not(cache.get(700, 2001, 1000), first);
});

const SELF = { name: 'one', pid: 700 };
const BOTH = [
  { name: 'two', uuid: undefined },
  { name: 'one', uuid: undefined },
];

function found(files: FixedFiles, context: OwnershipContext = {}): string[] {
  const { others, unreadable } = findOwners(files, SELF, [A, C], context);
  const texts = [...others].map(([address, { name, pid, evidence, unreadable: path }]) =>
    [address, name, pid, evidence, path].filter(Boolean).join(' '),
  );
  return unreadable ? [...texts, unreadable.message] : texts;
}

owners("a device that the domain's own QEMU has open is its own, whichever domains name it", () => {
  const files = new FixedFiles({
    ...DEVICES,
    ...qemu('one', 700, '/dev/vfio/12', '/dev/vfio/13'),
    ...qemu('two', 701),
  });
  assert.equal(found(files, { claimants: () => BOTH }), []);
});

owners(
  "a device that another domain's QEMU has open belongs to that domain, even if no other is known to name it",
  () => {
    const files = new FixedFiles({
      ...DEVICES,
      ...qemu('one', 700, '/dev/vfio/13'),
      ...qemu('two', 701, '/dev/vfio/12'),
    });
    assert.equal(found(files), [`${A} two 701 open`]);
    assert.equal(found(files, { claimants: () => BOTH.slice(1) }), [`${A} two 701 open`]);
  },
);

owners('a device that no QEMU has open belongs to the first running domain that names it', () => {
  const files = new FixedFiles({ ...DEVICES, ...qemu('one', 700), ...qemu('two', 701) });
  assert.equal(found(files, { claimants: () => BOTH }), [`${A} two 701 first`, `${C} two 701 first`]);
  assert.equal(found(files, { claimants: () => [...BOTH].reverse() }), []);
  assert.equal(found(files, { savedClaimants: () => BOTH }), [`${A} two 701 first`, `${C} two 701 first`]);
  assert.equal(found(files), [], 'no other domain names it');
  const { '/run/libvirt/qemu/two.pid': _, ...ended } = { ...DEVICES, ...qemu('one', 700), ...qemu('two', 701) };
  assert.equal(found(new FixedFiles(ended), { claimants: () => BOTH }), []);
});

owners('unreadable descriptors are reported', () => {
  const texts = { ...DEVICES, ...qemu('one', 700, '/dev/vfio/12', '/dev/vfio/13'), ...qemu('two', 701) };
  const both = new Unreadable(texts, [700, 701]);
  assert.equal(found(both), ['/proc/700/fd: EACCES']);
  assert.equal(found(both, { claimants: () => BOTH }), [
    `${A} two 701 first /proc/700/fd`,
    `${C} two 701 first /proc/700/fd`,
    '/proc/700/fd: EACCES',
  ]);
  assert.equal(found(new Unreadable(texts, [701]), { claimants: () => BOTH }), [], 'the own QEMU has them open');
});

owners('below a --root without descriptors nothing is known and nothing reported', () => {
  const texts = { ...DEVICES, ...qemu('one', 700), ...qemu('two', 701) };
  const files = new FixedFiles(Object.fromEntries(Object.entries(texts).filter(([path]) => !path.includes('/fd/'))));
  assert.equal(found(files), []);
  assert.equal(found(files, { savedClaimants: () => BOTH }), []);
  assert.equal(found(files, { claimants: () => BOTH }), [`${A} two 701 first`, `${C} two 701 first`]);
});

owners.run();
