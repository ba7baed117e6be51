import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { formatCpuset } from '../../src/domain/cpuset.js';
import { FileError } from '../../src/host/pseudo-fs.js';
import { readTopology } from '../../src/host/topology.js';
import { FixedFiles } from './fixed-files.js';

const topology = suite('topology');
const CPU = '/sys/devices/system/cpu';
const NODE = '/sys/devices/system/node';

topology('CPUs, nodes in order, the default affinity', () => {
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

topology('a host without nodes, and without a default affinity', () => {
  const host = readTopology(new FixedFiles({ [`${CPU}/online`]: '0\n' }));
  assert.is(formatCpuset(host.present), '0');
  assert.equal(host.nodes, []);
  assert.is(host.defaultAffinity, undefined);
});

topology('where there is no /sys, or no list in it, that is said', () => {
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
