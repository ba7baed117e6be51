import type { InterruptPlan } from '../affinity/domain-plan.js';
import { enforceDomain, type PassResult } from '../affinity/reconcile-domain.js';
import type { Settings } from '../affinity/settings.js';
import { addressOf, handlerOf, irqOf } from '../affinity/vector-key.js';
import type { PlainDefinition } from '../domain/plain-definition.js';
import type { Claimant } from '../host/device-owners.js';
import type { OpenDevicesCache } from '../host/open-devices.js';
import type { PostedVectors } from '../host/posted-vectors.js';
import type { Topology } from '../host/topology.js';
import type { ThreadsContext, VcpuCache } from '../host/vcpu-cache.js';
import type { DeviceStates } from './device-states.js';
import type { OutcomeRecorder } from './outcome-recorder.js';
import type { ReconcilerHost } from './reconciler-host.js';

/**
 * While another process has the domain's lock, a check retries at this interval. After the limit it goes on without the
 * lock.
 */
const LOCK_RETRY_MS = 20;
const MAX_LOCK_WAIT_MS = 2000;
/**
 * A check of some devices, as after each new vector, uses an earlier list of the devices that QEMU has open, if no
 * other domain names the device.
 */
const MAX_OPEN_DEVICES_AGE_MS = 60_000;

/** What a pass must know of the host. */
export interface PassContext extends ThreadsContext {
  settings: Settings;
  topology: Topology;
  /** the domains that name a device, in the order in which they were added */
  claimants(address: string): readonly Claimant[];
  openDevices: OpenDevicesCache;
  /** which vectors are posted to vCPUs */
  posted: PostedVectors;
}

/** What the watcher knows of a domain, which a pass takes into account. */
interface Known {
  devices: DeviceStates;
  vcpus: VcpuCache;
  outcomes: OutcomeRecorder;
}

/** The passes of one domain, each with the domain's lock: a hook or a command may make one at the same time. */
export class DomainPass {
  /** when a pass first found the lock taken; undefined: the last pass had the lock */
  #lockedSince: number | undefined;

  constructor(
    private readonly host: ReconcilerHost,
    private readonly known: Known,
  ) {}

  /**
   * Plans, writes and reads back.
   * @returns when to try again, if another process has the lock
   */
  run(
    definition: PlainDefinition,
    context: PassContext,
    only?: ReadonlySet<string>,
  ): { result: PassResult } | { retryAt: number } {
    const { now } = context;
    const pass = () => this.#enforce(definition, context, only);
    const run = this.host.exclusively ? this.host.exclusively(definition.uuid, pass) : { result: pass() };
    if (run) {
      this.#lockedSince = undefined;
      return run;
    }
    this.#lockedSince ??= now;
    if (now - this.#lockedSince >= MAX_LOCK_WAIT_MS) return { result: pass() };
    return { retryAt: now + LOCK_RETRY_MS };
  }

  #enforce(
    definition: PlainDefinition,
    { now, settings, topology, posted, claimants, openDevices, pidFiles }: PassContext,
    only: ReadonlySet<string> | undefined,
  ): PassResult {
    const { files, state } = this.host;
    const { vcpus, outcomes } = this.known;
    const devices = this.known.devices.byAddress;
    const maxAgeMs = only ? MAX_OPEN_DEVICES_AGE_MS : 0;
    const ownership = { claimants, cache: openDevices, pidFiles, now, maxAgeMs };
    const stateOf = (address: string, interrupt: InterruptPlan) => devices.get(address)?.stateOf(interrupt);
    return enforceDomain(
      {
        files,
        state,
        settings,
        counts: false,
        onlyRunning: true,
        postingOf: (irq) => posted.of(irq),
        recent: { topology, threads: vcpus.known, ownership },
      },
      definition,
      {
        ...(only ? { only } : {}),
        continuityOf: (key) => devices.get(addressOf(key))?.continuityOf(irqOf(key), handlerOf(key)) ?? 'unknown',
        reasonToLeave: (address, interrupt) => {
          const known = stateOf(address, interrupt);
          return known && outcomes.reasonToLeave(known, interrupt, now, settings.contest);
        },
        isTargetFull: (address, interrupt) => {
          const known = stateOf(address, interrupt);
          return known !== undefined && outcomes.isTargetFull(known, interrupt, now);
        },
        fastPathWrite: (address, interrupt) => stateOf(address, interrupt)?.fastPathWrite,
      },
    );
  }
}
