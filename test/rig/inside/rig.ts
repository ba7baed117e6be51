import { Guest, type GuestOptions } from './guest.js';
import { Irqbalance } from './irqbalance.js';
import { text } from './kernel-files.js';
import { KernelTrace } from './kernel-trace.js';
import { LOG as LIBVIRTD_LOG, Libvirt } from './libvirt.js';
import { report } from './report.js';
import { run } from './run.js';
import { Watcher } from './watcher.js';

/** Not what libvirtd says of every domain. */
const telling = (line: string) => !/ (?:qemuDomainObjTaintMsg|virGetHostnameImpl):/.test(line);

/** What scenes play with. What they leave behind is removed after each. */
export class Rig {
  readonly libvirt = new Libvirt();
  readonly watcher = new Watcher();
  readonly irqbalance = new Irqbalance();
  readonly trace = new KernelTrace();
  readonly #guests: Guest[] = [];

  /** Installs the packed package as its user would: that starts the watcher. */
  async setUp(): Promise<void> {
    const said = await run('hostdev-cpuset', 'install');
    report({ type: 'note', text: said });
    this.trace.start();
    await this.libvirt.start();
  }

  /** Before each scene: what the one before has stopped runs again. */
  async ready(): Promise<void> {
    if (!this.watcher.runs) await this.watcher.start();
  }

  /** Defines and starts a domain, which ends with the scene. */
  async running(options: GuestOptions): Promise<Guest> {
    const guest = new Guest(`guest${this.#guests.length + 1}`, options);
    this.#guests.push(guest);
    await guest.start();
    return guest;
  }

  note(text: string): void {
    report({ type: 'note', text });
  }

  /** For whoever reads of a failure: the ends of the logs. */
  async logs(): Promise<string> {
    const journal = await run('journalctl', '--quiet', '--lines=25').catch(String);
    const libvirtd = text(LIBVIRTD_LOG).split('\n').filter(telling).slice(-15).join('\n');
    return `journal:\n${journal}${LIBVIRTD_LOG}:\n${libvirtd}\n${text('/run/hostdev-cpuset/watch.json')}`;
  }

  async cleanUp(): Promise<void> {
    await this.irqbalance.stop();
    for (const guest of this.#guests.splice(0)) await guest.remove();
    this.trace.take();
  }
}
