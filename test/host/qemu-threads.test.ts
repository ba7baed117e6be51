import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { formatCpuset } from '../../src/domain/cpuset.js';
import { FileError } from '../../src/host/pseudo-fs.js';
import { readVcpuThreads } from '../../src/host/qemu-threads.js';
import { FixedFiles } from './fixed-files.js';

const threads = suite("QEMU's threads");
const UUID = 'c0f7f3a2-6d0c-4d07-b6f0-2f3d5f0f9b21';

const task = (tid: number, comm: string, cpus: string) => ({
  [`/proc/42/task/${tid}/comm`]: `${comm}\n`,
  [`/proc/42/task/${tid}/status`]: `Name:\t${comm}\nCpus_allowed:\tff\nCpus_allowed_list:\t${cpus}\nMems_allowed:\t1\n`,
});
const QEMU: Record<string, string> = {
  '/run/libvirt/qemu/guest.pid': '42\n',
  '/run/libvirt/qemu/guest.xml': '<domstatus/>',
  '/proc/42/cmdline': `/usr/bin/qemu-system-x86_64\0-name\0guest=guest,debug-threads=on\0-uuid\0${UUID}\0`,
  ...task(42, 'qemu-system-x86', '0-63'),
  ...task(44, 'CPU 1/KVM', '3,5'),
  ...task(43, 'CPU 0/KVM', '2'),
  ...task(45, 'IO mon_iothread', '0-63'),
  ...task(46, 'worker', '0-63'),
};

function read(texts: Record<string, string | FileError>, name = 'guest', uuid: string | undefined = UUID) {
  const found = readVcpuThreads(new FixedFiles(texts), name, uuid);
  return (
    found && {
      pid: found.pid,
      vcpus: found.threads.map(({ vcpu }) => vcpu),
      cpus: found.cpus && formatCpuset(found.cpus),
    }
  );
}

threads('only vCPU threads are returned, in order', () => {
  assert.equal(read(QEMU), { pid: 42, vcpus: [0, 1], cpus: '2-3,5' });
});

threads('vCPU threads of TCG are recognized by their own name', () => {
  assert.equal(read({ ...QEMU, ...task(43, 'CPU 0/TCG', '7') })?.cpus, '3,5,7');
});

threads('a UUID in another notation is the same', () => {
  assert.is(read(QEMU, 'guest', UUID.toUpperCase().replaceAll('-', ''))?.pid, 42);
});

threads('one TCG thread for all vCPUs: its CPUs are known, those of each vCPU are not', () => {
  const { '/proc/42/task/44/comm': _, '/proc/42/task/44/status': __, ...one } = QEMU;
  assert.equal(read({ ...one, ...task(43, 'ALL CPUs/TCG', '7') }), { pid: 42, vcpus: [], cpus: '7' });
});

threads("QEMU without thread names: it runs, and its vCPUs' CPUs are unknown", () => {
  const unnamed = { ...QEMU, ...task(43, 'qemu-system-x86', '2'), ...task(44, 'qemu-system-x86', '3') };
  assert.equal(read(unnamed), { pid: 42, vcpus: [], cpus: undefined });
});

threads('a PID that another process has now is ignored', () => {
  assert.is(read({ ...QEMU, '/proc/42/cmdline': 'vim\0guest.xml\0' }), undefined);
  assert.is(read(QEMU, 'guest', '00000000-0000-4000-8000-000000000000'), undefined);
  const { '/proc/42/cmdline': _, ...without } = QEMU;
  assert.is(read(without), undefined);
});

threads('without a UUID the name on the command line decides; its commas are doubled', () => {
  const files = (name: string, word: string) =>
    new FixedFiles({ ...QEMU, [`/run/libvirt/qemu/${name}.pid`]: '42\n', '/proc/42/cmdline': `-name\0${word}\0` });
  assert.is(readVcpuThreads(files('guest', 'guest=guest,debug-threads=on'), 'guest', undefined)?.pid, 42);
  assert.is(readVcpuThreads(files('a,b', 'guest=a,,b,debug-threads=on'), 'a,b', undefined)?.pid, 42);
  assert.is(readVcpuThreads(files('gue', 'guest=guest,debug-threads=on'), 'gue', undefined), undefined);
});

for (const name of ['', '..', '../guest', '../../run/libvirt/qemu/guest', 'guest.pid', 'guest\0']) {
  threads(`the name ${JSON.stringify(name)} matches no file`, () => assert.is(read(QEMU, name), undefined));
}

for (const pid of ['', '0\n', '-1\n', '42 43\n', '../42\n', '42x\n']) {
  threads(`${JSON.stringify(pid)} is not a PID`, () => {
    assert.is(read({ ...QEMU, '/run/libvirt/qemu/guest.pid': pid }), undefined);
  });
}

threads('vCPU threads that have ended are left out', () => {
  const { '/proc/42/task/43/status': _, ...ended } = QEMU;
  assert.equal(read(ended), { pid: 42, vcpus: [1], cpus: '3,5' });
  const none = Object.fromEntries(Object.entries(QEMU).filter(([path]) => !/task\/4[34]/.test(path)));
  assert.equal(read(none), { pid: 42, vcpus: [], cpus: undefined });
});

threads('a file without read permission is an error', () => {
  assert.throws(
    () => read({ ...QEMU, '/proc/42/cmdline': new FileError('EACCES', 'cmdline') }),
    (error: unknown) => error instanceof FileError,
  );
});

threads.run();
