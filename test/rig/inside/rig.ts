import { mkdirSync, writeFileSync } from 'node:fs';
import { CONTAINER_LOG } from './container.js';
import { Guest, type GuestOptions } from './guest.js';
import { Irqbalance } from './irqbalance.js';
import { text } from './kernel-files.js';
import { KernelTrace } from './kernel-trace.js';
import { LOG as LIBVIRTD_LOG, Libvirt } from './libvirt.js';
import { report } from './report.js';
import { run } from './run.js';
import { UNIT, Watcher } from './watcher.js';

/** Lines that libvirtd logs for every domain. */
const telling = (line: string) => !/ (?:qemuDomainObjTaintMsg|virGetHostnameImpl):/.test(line);

/**
 * The emulation of another architecture is slower: on a busy machine systemd-notify, a process for each message, may
 * need most of the unit's minute.
 */
function giveTime(): void {
  const folder = `/run/systemd/system/${UNIT}.d`;
  mkdirSync(folder, { recursive: true });
  writeFileSync(`${folder}/emulation.conf`, '[Service]\nWatchdogSec=600\nTimeoutStartSec=600\n');
}

/** The tools of the scenes. What they leave behind is removed after each. */
export class Rig {
  readonly libvirt = new Libvirt();
  readonly watcher = new Watcher();
  readonly irqbalance = new Irqbalance();
  readonly trace = new KernelTrace();
  readonly #guests: Guest[] = [];

  /** @param isFullLength no scene is shortened */
  constructor(readonly isFullLength: boolean) {}

  /** Installs the packed package like a user, which starts the watcher. */
  async setUp(): Promise<void> {
    if (process.arch !== 'x64') giveTime();
    const output = await run('hostdev-cpuset', 'install');
    report({ type: 'note', text: output });
    this.trace.start();
    await this.libvirt.start();
  }

  /** Before each scene: starts again what the previous one stopped. */
  async ready(): Promise<void> {
    if (!this.watcher.runs) await this.watcher.start();
  }

  /** Defines and starts a domain, which is removed after the scene. */
  async running(options: GuestOptions): Promise<Guest> {
    const guest = new Guest(`guest${this.#guests.length + 1}`, options);
    this.#guests.push(guest);
    await guest.start();
    return guest;
  }

  note(text: string): void {
    report({ type: 'note', text });
  }

  /** The ends of the logs, for the report of a failure. */
  async logs(): Promise<string> {
    const journal = await run('journalctl', '--quiet', '--lines=25').catch(String);
    const libvirtd = text(LIBVIRTD_LOG).split('\n').filter(telling).slice(-15).join('\n');
    const containers = text(CONTAINER_LOG).split('\n').slice(-25).join('\n');
    return `journal:\n${journal}${LIBVIRTD_LOG}:\n${libvirtd}\n${CONTAINER_LOG}:\n${containers}\n${text('/run/hostdev-cpuset/watch.json')}`;
  }

  async cleanUp(): Promise<void> {
    await this.irqbalance.stop();
    for (const guest of this.#guests.splice(0)) await guest.remove();
    this.trace.take();
  }
}
