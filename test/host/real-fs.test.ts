import { spawnSync } from 'node:child_process';
import { chmodSync, linkSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseAddress } from '../../src/domain/address.js';
import { size } from '../../src/domain/cpuset.js';
import { readInterrupt } from '../../src/host/interrupt.js';
import { FileError } from '../../src/host/pseudo-fs.js';
import { RealFs } from '../../src/host/real-fs.js';
import { readDevice } from '../../src/host/snapshot.js';
import { readTopology } from '../../src/host/topology.js';
import { asOrdinaryUser } from '../support/ordinary-user.js';
import { TemporaryFolder } from '../support/temporary-folder.js';

const files = suite('files below a root');
let folder: TemporaryFolder;
let root: RealFs;

files.before.each(() => {
  folder = new TemporaryFolder();
  root = new RealFs(folder.path);
});
files.after.each(() => folder.remove());

function errorCode(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    assert.instance(error, FileError);
    assert.ok((error as FileError).path.startsWith(folder.path), 'the error has the path that was opened');
    return (error as FileError).code;
  }
  return 'none';
}

files('texts, names and links are read; what is absent is undefined', () => {
  folder.write('proc/a', 'text\n');
  folder.write('proc/b/c', '');
  symlinkSync('../../../bus/pci/drivers/vfio-pci', folder.join('proc/driver'));
  assert.is(root.read('/proc/a'), 'text\n');
  assert.is(root.read('/proc/b/c'), '');
  assert.equal(root.list('/proc')?.sort(), ['a', 'b', 'driver']);
  assert.is(root.link('/proc/driver'), 'vfio-pci');
  for (const path of ['/proc/x', '/x/y', '/proc/a/b']) {
    assert.is(root.read(path), undefined, path);
    assert.is(root.list(path), undefined, path);
    assert.is(root.link(path), undefined, path);
  }
  assert.is(root.list('/proc/a'), undefined, 'a file is not a directory');
});

files('subdirectories are counted by the link count, if the file system maintains it', () => {
  const counted = new RealFs().countFolders('/proc/self/task');
  assert.is(counted, readdirSync('/proc/self/task').length);
  assert.is(root.countFolders('/absent'), undefined);
  folder.write('empty/file', '');
  assert.is(root.countFolders('/empty'), undefined, 'unknown: zero, or not maintained');
});

files('open files are counted if the kernel tells their number', () => {
  const counted = new RealFs().countDescriptors(process.pid);
  // to list them opens one more
  assert.ok(counted === undefined || counted === readdirSync('/proc/self/fd').length - 1, `${counted}`);
  folder.write('proc/7/fd/0', '');
  assert.is(root.countDescriptors(7), undefined);
});

files('devices may be symbolic links below the root, like those of sysfs', () => {
  folder.write('sys/devices/pci0000:00/0000:00:02.0/irq', '0\n');
  mkdirSync(folder.join('sys/bus/pci/devices'), { recursive: true });
  const link = '../../../devices/pci0000:00/0000:00:02.0';
  symlinkSync(link, folder.join('sys/bus/pci/devices/0000:00:02.0'));
  assert.is(root.read('/sys/bus/pci/devices/0000:00:02.0/irq'), '0\n');
});

files('a root may end in a slash', () => {
  folder.write('a', 'b');
  assert.is(new RealFs(`${folder.path}//`).read('/a'), 'b');
});

files('a file of several megabytes is read completely, and small ones after it', () => {
  const text = 'x'.repeat(3_000_000);
  folder.write('large', text);
  folder.write('small', 'y');
  folder.write('page', 'z'.repeat(65536));
  assert.is(root.read('/large'), text);
  assert.is(root.read('/small'), 'y');
  assert.is(root.read('/page')?.length, 65536);
});

files('any error other than a missing file is thrown', () => {
  mkdirSync(folder.join('a'));
  folder.write('file', '');
  symlinkSync('loop', folder.join('loop'));
  assert.is(
    errorCode(() => root.read('/a')),
    'EISDIR',
  );
  assert.is(
    errorCode(() => root.link('/file')),
    'EINVAL',
  );
  assert.is(
    errorCode(() => root.read('/loop')),
    'ELOOP',
  );
  assert.throws(
    () => new RealFs().read('/proc/self/mem'),
    (error: unknown) => error instanceof FileError && error.code === 'EIO',
  );
  assert.is(
    errorCode(() => root.list('/loop')),
    'ELOOP',
  );
});

files('an endless device and a FIFO without a writer do not block a read', () => {
  assert.is(spawnSync('mkfifo', [folder.join('fifo')]).status, 0);
  assert.throws(
    () => new RealFs().read('/dev/zero'),
    (error: unknown) => error instanceof FileError && error.code === 'EFBIG',
  );
  assert.is(root.read('/fifo'), '');
  assert.is(
    errorCode(() => root.openToWrite('/fifo').write('x')),
    'ENXIO',
  );
});

files('a write replaces the content and creates no file', () => {
  const path = folder.write('proc/irq/41/smp_affinity', 'ffffffff,ffffffff\n');
  root.openToWrite('/proc/irq/41/smp_affinity').write('0000000c\n');
  assert.is(readFileSync(path, 'utf8'), '0000000c\n');
  assert.is(
    errorCode(() => root.openToWrite('/proc/irq/42/smp_affinity').write('1\n')),
    'ENOENT',
  );
  assert.is(
    errorCode(() => root.openToWrite('/proc/irq/41/smp_affinity/x').write('1\n')),
    'ENOENT',
  );
  assert.equal(readdirSync(folder.join('proc/irq')), ['41']);
});

files('a kept file is not one outside the root', () => {
  symlinkSync('/proc/irq/default_smp_affinity', folder.join('mask1'));
  folder.write('mask2', '00000000,000000ff\n');
  const outside = root.openToWrite('/mask1');
  const copy = root.openToWrite('/mask2');
  assert.is(outside.read(), undefined);
  copy.write('c\n');
  assert.equal([readFileSync(folder.join('mask2'), 'utf8'), copy.read()], ['c\n', 'c\n']);
  outside.close();
});

files('a write does not follow a symbolic link', () => {
  const target = folder.write('elsewhere', 'kept');
  symlinkSync(target, folder.join('smp_affinity'));
  assert.is(
    errorCode(() => root.openToWrite('/smp_affinity').write('1\n')),
    'ELOOP',
  );
  assert.is(readFileSync(target, 'utf8'), 'kept');
});

files('a write that the kernel rejects throws its error', () => {
  const full = () => new RealFs().openToWrite('/dev/full').write('x');
  assert.throws(full, (error: unknown) => error instanceof FileError && error.code === 'ENOSPC');
});

files('a mask with mode 0444 fails with EPERM; any other that cannot be opened fails with EACCES', () => {
  chmodSync(folder.path, 0o755);
  for (const [mode, code] of [
    [0o444, 'EPERM'],
    [0o644, 'EACCES'],
  ] as const) {
    const path = folder.write('smp_affinity', 'ff\n');
    chmodSync(path, process.geteuid?.() === 0 ? mode : mode & 0o444);
    if (process.geteuid?.() !== 0 && mode !== 0o444) continue;
    for (const [files, name] of [
      [new RealFs(), path],
      [root, '/smp_affinity'],
    ] as const)
      assert.is(
        asOrdinaryUser(() => errorCode(() => files.openToWrite(name).write('1\n'))),
        code,
      );
  }
});

files('an error names the file below the root, even if its content is invalid', () => {
  folder.write('sys/devices/system/cpu/online', 'x\n');
  assert.is(
    errorCode(() => readTopology(root)),
    'EBADMSG',
  );
  folder.write('proc/irq/41/smp_affinity', 'x\n');
  assert.is(
    errorCode(() => readInterrupt(root, 41)),
    'EBADMSG',
  );
  rmSync(folder.join('sys'), { recursive: true });
  assert.is(
    errorCode(() => readTopology(root)),
    'ENOENT',
  );
});

files('a write below a root changes nothing outside; absolute links resolve below the root', () => {
  const outside = new TemporaryFolder();
  try {
    const mask = outside.write('41/smp_affinity', 'kept');
    const shared = outside.write('shared', 'kept');
    mkdirSync(folder.join('proc'));
    symlinkSync(outside.path, folder.join('proc/irq'));
    linkSync(shared, folder.join('shared'));
    symlinkSync('/dev', folder.join('dev'));
    const wrong = ['/proc/irq/41/smp_affinity', '/shared', '/dev/null'].map((path) =>
      errorCode(() => root.openToWrite(path).write('1\n')),
    );
    assert.equal(wrong, ['ENOENT', 'EMLINK', 'ELOOP']);
    assert.equal([readFileSync(mask, 'utf8'), readFileSync(shared, 'utf8')], ['kept', 'kept']);
    folder.write('elsewhere/41/smp_affinity', 'f\n');
    rmSync(folder.join('proc/irq'));
    symlinkSync('../elsewhere', folder.join('proc/irq'));
    root.openToWrite('/proc/irq/41/smp_affinity').write('1\n');
    assert.is(readFileSync(folder.join('elsewhere/41/smp_affinity'), 'utf8'), '1\n');
  } finally {
    outside.remove();
  }
});

files('the test machine itself can be read', () => {
  const host = new RealFs();
  assert.ok(size(readTopology(host).online) > 0);
  for (const name of host.list('/sys/bus/pci/devices') ?? []) {
    const address = parseAddress(name);
    assert.ok(address, name);
    const snapshot = readDevice(host, address);
    assert.ok(snapshot, name);
    for (const { error } of snapshot.interrupts) assert.is(error, undefined);
  }
});

files.run();
