import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { formatCpuset } from '../../src/domain/cpuset.js';
import type { OpenFile } from '../../src/host/pseudo-fs.js';
import { VcpuThreadReader } from '../../src/host/vcpu-threads.js';
import { FixedFiles } from './fixed-files.js';

const test = suite('vCPU threads across checks');
const UUID = 'c0f7f3a2-6d0c-4d07-b6f0-2f3d5f0f9b21';

/** A QEMU whose threads the test changes. */
class Qemu extends FixedFiles {
  readonly opened = new Set<string>();
  readonly calls: string[] = [];
  threadCount: number | undefined;

  private constructor(readonly own: Record<string, string>) {
    super(own);
  }

  static running(pid = 42): Qemu {
    const qemu = new Qemu({});
    qemu.start(pid);
    return qemu;
  }

  start(pid: number): void {
    for (const path of Object.keys(this.own)) delete this.own[path];
    this.own['/run/libvirt/qemu/guest.pid'] = `${pid}\n`;
    this.own[`/proc/${pid}/cmdline`] = `qemu\0-uuid\0${UUID}\0`;
    this.thread(pid, pid, 'qemu-system-x86', '0-7', 3);
    this.thread(pid, pid + 1, 'CPU 0/KVM', '2', 3);
    this.thread(pid, pid + 2, 'CPU 1/KVM', '3', 3);
  }

  thread(pid: number, tid: number, comm: string, cpus: string, threads: number): void {
    this.own[`/proc/${pid}/task/${tid}/comm`] = `${comm}\n`;
    this.own[`/proc/${pid}/task/${tid}/status`] = `Name:\t${comm}\nThreads:\t${threads}\nCpus_allowed_list:\t${cpus}\n`;
  }

  override countFolders(): number | undefined {
    return this.threadCount;
  }

  override list(path: string): string[] | undefined {
    this.calls.push(path);
    return super.list(path);
  }

  override open(path: string): OpenFile {
    this.opened.add(path);
    return { read: () => this.read(path), isKept: false, close: () => void this.opened.delete(path) };
  }
}

const watching = (qemu: Qemu) => new VcpuThreadReader(qemu, 'guest', UUID);
const cpusOf = (one: VcpuThreadReader, thorough = false) => {
  const threads = one.read(thorough);
  return threads && `${threads.pid}: ${threads.cpus ? formatCpuset(threads.cpus) : 'no names'}`;
};

test('the same object is returned until something changes', () => {
  const qemu = Qemu.running();
  const one = watching(qemu);
  assert.is(one.isUnchanged(), false, 'nothing is known yet');
  const first = one.read(true);
  assert.equal(first?.cpus && formatCpuset(first.cpus), '2-3');
  assert.is(one.read(true), first);
  assert.is(one.isUnchanged(), true);
});

test('a changed affinity, an added vCPU and a removed one are found', () => {
  const qemu = Qemu.running();
  const one = watching(qemu);
  one.read(true);
  qemu.thread(42, 43, 'CPU 0/KVM', '5', 3);
  assert.is(one.isUnchanged(), false);
  assert.is(cpusOf(one), '42: 3,5');
  for (const [tid, cpus] of [
    [43, '5'],
    [44, '3'],
  ] as const)
    qemu.thread(42, tid, `CPU ${tid - 43}/KVM`, cpus, 4);
  qemu.thread(42, 45, 'CPU 2/KVM', '6', 4);
  assert.is(one.isUnchanged(), false, 'the number of threads has changed');
  assert.is(cpusOf(one), '42: 3,5-6');
  delete qemu.own['/proc/42/task/45/comm'];
  delete qemu.own['/proc/42/task/45/status'];
  assert.is(cpusOf(one), '42: 3,5');
});

test('unchanged threads need no directory listing, and other threads are not kept open', () => {
  const qemu = Qemu.running();
  const one = watching(qemu);
  one.read(true);
  qemu.calls.length = 0;
  assert.is(one.isUnchanged(), true);
  assert.equal(qemu.calls, []);
  const opened = ['/proc/42/task/43/comm', '/proc/42/task/43/status', '/proc/42/task/44/status'];
  assert.equal([...qemu.opened].sort(), opened);
  one.close();
  assert.is(qemu.opened.size, 0);
});

test('other threads of QEMU are ignored, and a vCPU thread is found once it is named', () => {
  const qemu = Qemu.running();
  const one = watching(qemu);
  const first = one.read(true);
  qemu.thread(42, 50, 'worker', '0-7', 3);
  assert.is(one.read(false), first);
  qemu.thread(42, 50, 'CPU 2/KVM', '6', 3);
  assert.is(one.read(false), first, 'names are not read each time');
  assert.is(cpusOf(one, true), '42: 2-3,6');
});

test('an unnamed thread may be a vCPU that was just plugged', () => {
  const qemu = Qemu.running();
  const one = watching(qemu);
  one.read(true);
  qemu.thread(42, 50, 'qemu-system-x86', '0-7', 4);
  qemu.thread(42, 51, 'worker', '0-7', 4);
  one.read(false);
  assert.is(one.unnamedCount, 1);
  assert.is(one.haveNewNames(), false);
  qemu.thread(42, 50, 'CPU 2/KVM', '6', 4);
  assert.is(one.haveNewNames(), true);
  assert.is(one.unnamedCount, 0);
  assert.is(cpusOf(one), '42: 2-3,6');
});

test('QEMU without thread names runs until its command line is empty', () => {
  const qemu = Qemu.running();
  for (const tid of [43, 44]) qemu.thread(42, tid, 'qemu-system-x86', '0-7', 3);
  const one = watching(qemu);
  const first = one.read(true);
  assert.is(cpusOf(one), '42: no names');
  assert.equal([one.isRunning(), one.isUnchanged()], [true, true]);
  assert.is(one.read(false), first);
  assert.is(one.read(true), first);
  qemu.own['/proc/42/cmdline'] = '';
  assert.equal([one.isRunning(), one.isUnchanged()], [false, false]);
  assert.is(one.read(false), undefined);
});

test('a process that has ended keeps its main thread until it is waited for', () => {
  const qemu = Qemu.running();
  const one = watching(qemu);
  one.read(true);
  for (const tid of [43, 44]) {
    delete qemu.own[`/proc/42/task/${tid}/comm`];
    delete qemu.own[`/proc/42/task/${tid}/status`];
  }
  qemu.own['/proc/42/cmdline'] = '';
  assert.is(one.read(false), undefined);
});

test('another process with the same name is found, and the old one closed', () => {
  const qemu = Qemu.running();
  const one = watching(qemu);
  one.read(true);
  qemu.start(142);
  assert.is(cpusOf(one), '142: 2-3');
  assert.ok([...qemu.opened].every((path) => path.startsWith('/proc/142/')));
});

test('another process with the same PID is found by a thorough read only', () => {
  const qemu = Qemu.running();
  const one = watching(qemu);
  one.read(true);
  qemu.own['/proc/42/cmdline'] = 'qemu\0-uuid\0another\0';
  assert.is(cpusOf(one, false), '42: 2-3');
  assert.is(cpusOf(one, true), undefined);
  assert.is(qemu.opened.size, 0);
});

test('an unreadable vCPU status ends the known process', () => {
  const qemu = Qemu.running();
  const one = watching(qemu);
  one.read(true);
  delete qemu.own['/proc/42/cmdline'];
  qemu.own['/proc/42/task/43/status'] = '';
  assert.is(cpusOf(one), undefined);
});

test('PID files are listed only to find a process', () => {
  const qemu = Qemu.running();
  const one = watching(qemu);
  let listings = 0;
  const pidFiles = () => {
    listings++;
    return new Set(['guest.pid']);
  };
  one.read(false, pidFiles);
  one.read(false, pidFiles);
  assert.is(listings, 1);
  assert.is(one.read(false, () => new Set())?.pid, 42);
  assert.is(
    watching(qemu).read(false, () => new Set()),
    undefined,
  );
});

test('threads without number are not listed, and none of them is a vCPU', () => {
  const qemu = Qemu.running();
  const one = watching(qemu);
  assert.is(cpusOf(one), '42: 2-3');
  qemu.threadCount = 30_000;
  qemu.thread(42, 44, 'CPU 1/KVM', '3', 30_000);
  assert.is(one.isUnchanged(), false);
  qemu.calls.length = 0;
  assert.is(cpusOf(one), '42: no names');
  assert.equal([qemu.calls.includes('/proc/42/task'), qemu.opened.size], [false, 0]);
});

test.run();
