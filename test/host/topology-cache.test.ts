import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { formatCpuset } from '../../src/domain/cpuset.js';
import { TopologyCache } from '../../src/host/topology-cache.js';
import { SimulatedKernel } from '../simulator/kernel.js';
import { SimulatedFs } from '../simulator/kernel-fs.js';

const test = suite('topology cache');
const ONLINE = '/sys/devices/system/cpu/online';

/** A host whose CPU 5 goes offline before this file is read, for the so many-th time. */
function cacheOf(leavesAt?: { path: string; reads: number }) {
  const kernel = new SimulatedKernel({ cpus: { present: '0-7' }, nodes: [{ node: 0, cpus: '0-7' }], devices: [] });
  const reads: string[] = [];
  const files = new SimulatedFs(kernel, (_, path) => {
    reads.push(path);
    const count = reads.filter((one) => one === path).length;
    if (path === leavesAt?.path && count === leavesAt.reads) kernel.setOnline(5, false);
  });
  return { kernel, reads, cache: new TopologyCache(files) };
}

test('one file is read, and the same object returned, until the online CPUs change', () => {
  const { kernel, reads, cache } = cacheOf();
  const first = cache.read();
  reads.length = 0;
  assert.is(cache.read(), first);
  assert.equal(reads, [ONLINE]);
  kernel.setOnline(5, false);
  assert.is(formatCpuset(cache.read().online), '0-4,6-7');
});

test('a CPU that is offline for a moment, while the files are read, is found again', () => {
  for (const leavesAt of [
    { path: ONLINE, reads: 2 },
    { path: '/sys/devices/system/node/node0/cpulist', reads: 1 },
  ]) {
    const { kernel, cache } = cacheOf(leavesAt);
    cache.read();
    kernel.setOnline(5, true);
    const { online, nodes } = cache.read();
    assert.equal([online, nodes[0]?.cpus ?? []].map(formatCpuset), ['0-7', '0-7'], leavesAt.path);
  }
});

test.run();
