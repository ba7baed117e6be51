import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { formatCpuset } from '../../src/domain/cpuset.js';
import type { OpenFile } from '../../src/host/pseudo-fs.js';
import { VcpuThreadReader } from '../../src/host/vcpu-threads.js';
import { FixedFiles } from './fixed-files.js';

const watch = suite('vCPU threads, looked at again and again');
const UUID = 'c0f7f3a2-6d0c-4d07-b6f0-2f3d5f0f9b21';

/** A QEMU whose threads are changed at will. */
class Qemu extends FixedFiles {
  readonly opened = new Set<string>();
  readonly calls: string[] = [];

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

watch('the same object as long as nothing is different', () => {
  const qemu = Qemu.running();
  const one = watching(qemu);
  assert.is(one.isUnchanged(), false, 'nothing is known yet');
  const first = one.read(true);
  assert.equal(first?.cpus && formatCpuset(first.cpus), '2-3');
  assert.is(one.read(true), first);
  assert.is(one.isUnchanged(), true);
});

watch('a vCPU that may run elsewhere, one more, and one less', () => {
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
  assert.is(one.isUnchanged(), false, 'the number of threads says so');
  assert.is(cpusOf(one), '42: 3,5-6');
  delete qemu.own['/proc/42/task/45/comm'];
  delete qemu.own['/proc/42/task/45/status'];
  assert.is(cpusOf(one), '42: 3,5');
});

watch('what is unchanged costs no list, and other threads are not kept open', () => {
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

watch("QEMU's other threads come and go; one that is a vCPU's has its name a moment after its birth", () => {
  const qemu = Qemu.running();
  const one = watching(qemu);
  const first = one.read(true);
  qemu.thread(42, 50, 'worker', '0-7', 3);
  assert.is(one.read(false), first);
  qemu.thread(42, 50, 'CPU 2/KVM', '6', 3);
  assert.is(one.read(false), first, 'its name is not asked for each time');
  assert.is(cpusOf(one, true), '42: 2-3,6');
});

watch('a thread that has the name of the main thread may be a vCPU that was plugged a moment ago', () => {
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

watch('without names it runs until its command line says else, which is empty once it has ended', () => {
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

watch('a process that has ended keeps its main thread until it is waited for', () => {
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

watch('another process in its place: found, and the old one is closed', () => {
  const qemu = Qemu.running();
  const one = watching(qemu);
  one.read(true);
  qemu.start(142);
  assert.is(cpusOf(one), '142: 2-3');
  assert.ok([...qemu.opened].every((path) => path.startsWith('/proc/142/')));
});

watch('a process that has taken its number is another: asked for where it matters', () => {
  const qemu = Qemu.running();
  const one = watching(qemu);
  one.read(true);
  qemu.own['/proc/42/cmdline'] = 'qemu\0-uuid\0another\0';
  assert.is(cpusOf(one, false), '42: 2-3');
  assert.is(cpusOf(one, true), undefined);
  assert.is(qemu.opened.size, 0);
});

watch('a vCPU whose status cannot be read any more ends what is known', () => {
  const qemu = Qemu.running();
  const one = watching(qemu);
  one.read(true);
  delete qemu.own['/proc/42/cmdline'];
  qemu.own['/proc/42/task/43/status'] = '';
  assert.is(cpusOf(one), undefined);
});

watch('which pid files there are is asked for only where a process has to be found', () => {
  const qemu = Qemu.running();
  const one = watching(qemu);
  let asked = 0;
  const pidFiles = () => {
    asked++;
    return new Set(['guest.pid']);
  };
  one.read(false, pidFiles);
  one.read(false, pidFiles);
  assert.is(asked, 1);
  assert.is(one.read(false, () => new Set())?.pid, 42);
  assert.is(
    watching(qemu).read(false, () => new Set()),
    undefined,
  );
});

watch.run();
