import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { OwnerBudgets } from '../../src/host/owner-budgets.js';
import { ownerRecords } from '../../src/host/process-owner.js';
import { FileError } from '../../src/host/pseudo-fs.js';
import { FixedFiles } from './fixed-files.js';

const test = suite('time for the processes of an owner');

const process = (pid: number, uid: number, cgroup: string) => ({
  [`/proc/${pid}/cgroup`]: `0::${cgroup}\n`,
  [`/proc/${pid}/status`]: `Uid:\t${uid}\t${uid}\t${uid}\t${uid}\n`,
  [`/proc/${pid}/ns/mnt`]: 'mnt:[1]',
});
const POD = '/kubepods/pod0f8e2c1a-7d3b-4c55-9a0e-1b2c3d4e5f60/0123';
const stat = (startTime: number) => `50 (qemu) S ${'0 '.repeat(18)}${startTime} 0`;
const ALICE = '/user.slice/user-1000.slice';
/** Users that alice has in user namespaces. */
const subordinates = () => Array.from({ length: 1500 }, (_, index) => 100_000 + index);
const files = new FixedFiles({
  ...process(1, 0, '/'),
  ...process(10, 107, POD),
  ...process(11, 107, `${POD}/a`),
  ...process(20, 107, POD.replace('0f8e', '1f8e')),
  ...process(30, 0, '/system.slice'),
  ...process(40, 107, '/machine.slice'),
  ...process(41, 107, '/system.slice'),
  ...Object.assign(
    {},
    ...subordinates().map((pid) => process(pid, pid, `${ALICE}/user@1000.service/user.slice/podman-1.scope`)),
  ),
  ...Object.assign({}, ...subordinates().map((pid) => process(10_000 + pid, pid, '/lxc/one'))),
});
const context = { records: ownerRecords(files), namesOf: (pid: number) => (pid === 40 ? ['guest'] : []) };

/** Reads processes one after the other. */
class Reader {
  now = 0;
  readonly budgets = new OwnerBudgets(files, () => this.now);

  /** The code of the error. */
  read(pid: number, ms: number, startTime?: number): string | undefined {
    const action = () => {
      this.now += ms;
    };
    try {
      this.budgets.read(pid, context, action, () => (startTime === undefined ? undefined : { pid, startTime }));
      return undefined;
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      return error.code;
    }
  }
}

test('a pod whose processes take too long is not read for a while, and others are', () => {
  const reader = new Reader();
  for (let count = 0; count < 5; count++) assert.is(reader.read(10, 250), undefined);
  assert.equal(
    [10, 11, 20, 30].map((pid) => reader.read(pid, 1)),
    ['EDQUOT', 'EDQUOT', undefined, undefined],
  );
  reader.now += 10_000;
  reader.budgets.refresh();
  assert.is(reader.read(11, 1), 'EDQUOT');
  reader.now += 60_000;
  reader.budgets.refresh();
  assert.is(reader.read(11, 1), undefined);
});

test('root and libvirt of the host are not limited, and what is usual does not count', () => {
  const reader = new Reader();
  for (const pid of [30, 40]) for (let count = 0; count < 100; count++) assert.is(reader.read(pid, 100), undefined);
  for (let count = 0; count < 11; count++) reader.read(41, 100);
  assert.equal([reader.read(41, 1), reader.read(40, 100)], ['EDQUOT', undefined]);
  for (let count = 0; count < 10_000; count++) assert.is(reader.read(10, 0.4), undefined);
});

test('short times count for processes that run QEMU, of which one user may have thousands', () => {
  const reader = new Reader();
  const codesOf = (pid: number) => Array.from({ length: 3000 }, () => reader.read(pid, 0.4, 7));
  assert.ok(codesOf(41).includes('EDQUOT'));
  assert.not.ok(codesOf(40).includes('EDQUOT'), "of the host's libvirt");
});

test('an owner is read once for a process, and anew for another one with its pid', () => {
  const texts = { ...process(50, 107, '/system.slice'), '/proc/50/stat': stat(7) };
  const own = new FixedFiles(texts);
  const budgets = new OwnerBudgets(own, () => now);
  let now = 0;
  const spent = () => (now += 600);
  const read = (startTime: number) =>
    budgets.read(50, { ...context, records: ownerRecords(own) }, spent, () => ({ pid: 50, startTime }));
  read(7);
  Object.assign(texts, process(50, 108, '/system.slice'));
  read(7);
  assert.throws(() => read(7), /user 107/);
  texts['/proc/50/stat'] = stat(8);
  read(8);
  read(8);
  assert.throws(() => read(8), /user 108/);
});

test('the users that a user has in containers share its time', () => {
  const reader = new Reader();
  const codes = subordinates().map((pid) => reader.read(pid, 10));
  assert.ok(codes.filter((code) => code === 'EDQUOT').length > 1000);
});

test('who has used up its time does not get more by being many owners', () => {
  const reader = new Reader();
  for (let count = 0; count < 11; count++) reader.read(10, 250);
  for (const pid of subordinates()) reader.read(10_000 + pid, 1);
  reader.budgets.refresh();
  assert.is(reader.read(10, 1), 'EDQUOT');
});

test.run();
