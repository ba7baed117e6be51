import { readdirSync, writeFileSync } from 'node:fs';
import { cpusIn } from './expect.js';
import { interruptsOf, text } from './kernel-files.js';
import { sleep } from './wait.js';

/** What a way to place interrupts knows, and does not: the policy. */
export interface Surroundings {
  address: string;
  /** the CPUs of the guest's vCPUs in its definition, when it starts */
  defined: readonly number[];
  /** the same of the running guest */
  current(): number[];
  /** the CPUs of the device's node */
  local: readonly number[];
  /** rejects at the end */
  pause(seconds: number): Promise<void>;
}

const HOOK_SECONDS = 30;
const LOOP_SECONDS = 10;

/** A way to place the interrupts of one device, written from its description. */
export interface Contender {
  name: string;
  /** from the start of the guest on */
  place?(surroundings: Surroundings): Promise<void>;
}

/** The watcher. It knows its device by the policy in the guest's definition. */
export const US: Contender = { name: 'hostdev-cpuset watch, auto' };

export const NOTHING: Contender = { name: 'nothing' };

/** irqbalance runs with that option where the others have to bear it without. */
export const BANMOD: Contender = { name: 'irqbalance --banmod=vfio_pci' };

/** A hook script of libvirt. No hook runs at a reboot, a reset, a hotplug or vcpupin. */
export const SLEEPING_HOOK: Contender = {
  name: `hook: sleep ${HOOK_SECONDS}, set once`,
  async place({ address, defined, pause }) {
    await pause(HOOK_SECONDS);
    setAffinity(address, defined);
  },
};

/**
 * StarlingX's agent: as soon as a started guest has its interrupts, they get those of its CPUs on the device's node.
 */
export const WAIT_AND_NARROW: Contender = {
  name: 'wait for interrupts, narrow once',
  async place({ address, defined, local, pause }) {
    while (interruptsOf(address).filter(({ type }) => type === 'msix').length === 0) await pause(1);
    // the driver requests one after the other
    await pause(1);
    setAffinity(
      address,
      defined.filter((cpu) => local.includes(cpu)),
    );
  },
};

/** A loop that looks where the vCPUs may run. */
export const LOOP: Contender = {
  name: `loop every ${LOOP_SECONDS} s`,
  async place({ address, current, pause }) {
    for (;;) {
      setAffinity(address, current());
      await pause(LOOP_SECONDS);
    }
  },
};

/**
 * Lets a contender place the interrupts of its device until the signal.
 * @param speed how many seconds of its times pass in one
 */
export function placeUntil(
  signal: AbortSignal,
  contender: Contender,
  surroundings: Omit<Surroundings, 'pause'>,
  speed: number,
): Promise<void> {
  const pause = (seconds: number) => sleep((seconds * 1000) / speed, undefined, { signal });
  const placing = contender.place?.({ ...surroundings, pause }).catch((error: Error) => {
    if (error.name !== 'AbortError') throw error;
  });
  // The caller awaits it at the end. Until then, Node would end at an error, without a report.
  placing?.catch(() => {});
  return placing ?? Promise.resolve();
}

function setAffinity(address: string, cpus: readonly number[]): void {
  for (const { irq, affinity } of interruptsOf(address)) {
    if (affinity === cpus.join()) continue;
    try {
      writeFileSync(`/proc/irq/${irq}/smp_affinity_list`, cpus.join());
    } catch {
      // it was removed meanwhile
    }
  }
}

/** The CPUs that the vCPUs of a domain may run on, from QEMU's threads. */
export function cpusOfVcpus(domain: string): number[] {
  const tasks = `/proc/${text(`/run/libvirt/qemu/${domain}.pid`)}/task`;
  const vcpus = readdirSync(tasks).filter((tid) => text(`${tasks}/${tid}/comm`).startsWith('CPU '));
  const lists = vcpus.map((tid) => /^Cpus_allowed_list:\t(.*)$/m.exec(text(`${tasks}/${tid}/status`))?.[1] ?? '');
  return [...new Set(lists.flatMap(cpusIn))].sort();
}
