import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseCpuList } from '../../src/domain/cpu-mask.js';
import { formatCpuset } from '../../src/domain/cpuset.js';
import { FileError } from '../../src/host/pseudo-fs.js';
import { readCores, readTopology } from '../../src/host/topology.js';
import { SimulatedKernel } from '../simulator/kernel.js';
import { SimulatedFs } from '../simulator/kernel-fs.js';
import { FixedFiles } from './fixed-files.js';

const topology = suite('topology');
const CPU = '/sys/devices/system/cpu';
const NODE = '/sys/devices/system/node';

topology('CPUs, nodes in order, and the default affinity are read', () => {
  const host = readTopology(
    new FixedFiles({
      [`${CPU}/online`]: '0-2,4-7\n',
      [`${CPU}/present`]: '0-7\n',
      [`${NODE}/online`]: '0-1,10\n',
      [`${NODE}/has_cpu`]: '0-1\n',
      [`${NODE}/node10/cpulist`]: '\n',
      [`${NODE}/node1/cpulist`]: '4-7\n',
      [`${NODE}/node0/cpulist`]: '0-2\n',
      '/proc/irq/default_smp_affinity': '00000000,00000003\n',
    }),
  );
  assert.is(formatCpuset(host.online), '0-2,4-7');
  assert.is(formatCpuset(host.present), '0-7');
  assert.equal(
    host.nodes.map(({ node, cpus }) => [node, formatCpuset(cpus)]),
    [
      [0, '0-2'],
      [1, '4-7'],
      [10, ''],
    ],
  );
  assert.is(formatCpuset(host.defaultAffinity ?? []), '0-1');
});

topology('cores contain the online threads of the given CPUs', () => {
  const files = new FixedFiles({
    [`${CPU}/online`]: '0-2,4-6,8\n',
    [`${CPU}/cpu0/topology/thread_siblings_list`]: '0,4\n',
    [`${CPU}/cpu5/topology/thread_siblings_list`]: '1,5\n',
    [`${CPU}/cpu2/topology/thread_siblings_list`]: '2\n',
    [`${CPU}/cpu6/topology/thread_siblings_list`]: '6\n',
  });
  const host = readTopology(files);
  const of = (cpus: string) => readCores(files, host, parseCpuList(cpus) ?? []).map(formatCpuset);
  assert.equal(of('0,2-5'), ['0,4', '2', '1,5']);
  assert.equal(of('1'), ['1,5'], 'read from the cache');
  assert.equal(of('7-8'), [], 'an offline CPU, and one without that file');
});

topology('a core whose list does not contain the CPU, because that is going offline, is unknown', () => {
  const files = new FixedFiles({
    [`${CPU}/online`]: '0-3\n',
    [`${CPU}/cpu0/topology/thread_siblings_list`]: '\n',
    [`${CPU}/cpu1/topology/thread_siblings_list`]: '1,3\n',
    [`${CPU}/cpu2/topology/thread_siblings_list`]: '3\n',
  });
  const all = parseCpuList('0-2') ?? [];
  assert.equal(readCores(files, readTopology(files), all).map(formatCpuset), ['1,3']);
});

topology('cores that were read while a CPU was away are read again when it is back', () => {
  const core = (cpu: number) => `${CPU}/cpu${cpu}/topology/thread_siblings_list`;
  const texts: Record<string, string> = { [`${CPU}/online`]: '0-3\n', [core(1)]: '1,3\n', [core(2)]: '2\n' };
  const files = new FixedFiles(texts);
  const host = readTopology(files);
  const cores = () => readCores(files, host, parseCpuList('0-3') ?? []).map(formatCpuset);
  assert.equal(cores(), ['1,3', '2']);
  Object.assign(texts, { [core(0)]: '0,2\n', [core(2)]: '0,2\n' });
  assert.equal(cores(), ['0,2', '1,3']);
});

topology('the simulated host has cores of its online CPUs', () => {
  const kernel = new SimulatedKernel({ cpus: { present: '0-3', threadsPerCore: 2 }, devices: [] });
  const files = new SimulatedFs(kernel);
  const cores = () => readCores(files, readTopology(files), kernel.present).map(formatCpuset);
  assert.equal(cores(), ['0,2', '1,3']);
  kernel.setOnline(2, false);
  assert.equal(cores(), ['0', '1,3']);
});

topology('a host may have no nodes and no default affinity', () => {
  const host = readTopology(new FixedFiles({ [`${CPU}/online`]: '0\n' }));
  assert.is(formatCpuset(host.present), '0');
  assert.equal(host.nodes, []);
  assert.is(host.defaultAffinity, undefined);
});

topology('a missing or invalid list of CPUs is an error', () => {
  const code = (files: FixedFiles) => {
    try {
      readTopology(files);
    } catch (error) {
      assert.instance(error, FileError);
      return `${(error as FileError).path} ${(error as FileError).code}`;
    }
    return 'read';
  };
  assert.is(code(new FixedFiles({})), `${CPU}/online ENOENT`);
  assert.is(code(new FixedFiles({ [`${CPU}/online`]: 'all\n' })), `${CPU}/online EBADMSG`);
  const forbidden = new FileError('EACCES', `${CPU}/online`);
  assert.is(code(new FixedFiles({ [`${CPU}/online`]: forbidden })), `${CPU}/online EACCES`);
});

topology.run();
