import { install } from '@sinonjs/fake-timers';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { FileError } from '../../src/host/pseudo-fs.js';
import { areNamedAsBefore, listDescriptors, readVfioDescriptors } from '../../src/host/vfio-descriptors.js';
import { FixedFiles } from './fixed-files.js';

const test = suite('descriptors of VFIO');
const clock = install({ toFake: ['performance'] });
test.after(() => clock.uninstall());

/** Each link takes so many ms. */
function filesWith(links: Record<string, string>, linkMs = 0): FixedFiles {
  const files = new FixedFiles(
    Object.fromEntries(Object.entries(links).map(([name, target]) => [`/proc/7/fd/${name}`, target])),
  );
  const read = files.linkTarget.bind(files);
  files.linkTarget = (path) => {
    clock.tick(linkMs);
    return read(path);
  };
  return files;
}
const many = (count: number, target: string) =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`${index}`, target]));
const codeOf = (action: () => unknown) => {
  try {
    return action();
  } catch (error) {
    return error instanceof FileError ? error.code : error;
  }
};

test('what each is called like', () => {
  const links = {
    0: '/dev/null',
    1: '/dev/vfio/20',
    2: '/dev/vfio/noiommu-3',
    3: '/dev/vfio/devices/vfio4',
    4: '/dev/vfio/vfio',
    5: 'anon_inode:[vfio-device]',
    6: '/dev/vfio/20 (deleted)',
    7: '/tmp/dev/vfio/20',
    8: '/dev/vfio/../vfio/20',
    9: '/dev/vfio/20/..',
  };
  const found = readVfioDescriptors(filesWith(links), 7, Object.keys(links), {});
  assert.equal(
    found.map(({ name, group, characterDevice }) => [name, group ?? characterDevice]),
    [
      ['1', '20'],
      ['2', 'noiommu-3'],
      ['3', 'vfio4'],
      ['5', undefined],
      ['6', '20'],
    ],
  );
});

test('a process whose links take long is given up', () => {
  const links = many(1000, '/dev/vfio/20');
  const names = Object.keys(links);
  const named = readVfioDescriptors(filesWith(links, 0.1), 7, names, {});
  assert.is(named.length, 1000);
  assert.is(
    codeOf(() => readVfioDescriptors(filesWith(links, 1), 7, names, {})),
    'ETIME',
  );
  assert.is(
    codeOf(() => areNamedAsBefore(filesWith(links, 0.1), 7, named, {})),
    true,
  );
  assert.is(
    codeOf(() => areNamedAsBefore(filesWith(links, 1), 7, named, {})),
    'ETIME',
  );
});

test('a process with room for too many descriptors is not listed', () => {
  const listOf = (size: number) =>
    codeOf(() => listDescriptors(new FixedFiles({ '/proc/7/status': `FDSize:\t${size}\n` }), 7));
  assert.is(listOf(32_768), 'E2BIG');
  assert.is(listOf(16_384), undefined);
});

test.run();
