import { DEFAULT_SETTINGS } from '../../../src/affinity/settings.js';
import { CPUS, type Cpus, cpusOfList } from './cpus.js';

/** What decides on a device's CPUs. */
export interface Question {
  /** its attributes, `auto spread=yes`; undefined: none */
  policy: string | undefined;
  /** CPU lists of the vCPUs */
  pins: readonly string[];
  /** CPUs of the device's node; none if that is unknown */
  near: Cpus;
  online: Cpus;
  /** the host's allowedCpus */
  allowed: Cpus;
}

const { locality = 'any' } = DEFAULT_SETTINGS as { locality?: 'any' | 'device' };

interface ReadPolicy {
  cpuset: string;
  isFollowed(vcpu: number): boolean;
  isSpread: boolean;
  controlVectors: number;
}

/** The same few are asked for again and again. */
const policies = new Map<string, ReadPolicy>();

/** A policy as its attributes state it: `auto vcpus=0-1 spread=yes controlVectors=1`. */
function readPolicy(policy: string): ReadPolicy {
  const known = policies.get(policy);
  if (known) return known;
  const textOf = (name: string) => new RegExp(` ${name}=(\\S+)`).exec(policy)?.[1];
  const [cpuset = ''] = policy.split(' ');
  const vcpus = textOf('vcpus');
  const read = {
    cpuset,
    isFollowed: (vcpu: number) => vcpus === undefined || (cpusOfList(vcpus) & (1 << vcpu)) !== 0,
    isSpread: textOf('spread') === 'yes',
    controlVectors: Number(textOf('controlVectors') ?? 0),
  };
  policies.set(policy, read);
  return read;
}

/**
 * Where a policy wants interrupts, as docs/policy.md says it and without any code of the product's; 0: they may be
 * anywhere.
 */
export function wantedCpus({ policy, pins, near, online, allowed }: Question): Cpus {
  if (policy === undefined || policy === 'native') return 0;
  const { cpuset, isFollowed } = readPolicy(policy);
  if (cpuset !== 'auto') return cpusOfList(cpuset) & online & allowed;
  const followed = pins.filter((_, vcpu) => isFollowed(vcpu));
  if (isAnywhere(followed, online)) return 0;
  const asked = cpusOfPins(followed);
  const usable = asked & online & allowed;
  return locality === 'device' && (usable & near) !== 0 ? usable & near : usable;
}

/** A vector of a device that has so many. */
interface Vector {
  type: string;
  number: number;
  count: number;
}

/** What each vector is to have of that, on a host on which CPU n and CPU n + CPUS / 2 are the threads of a core. */
export function targetsOf(question: Question): (vector: Vector) => Cpus {
  const set = wantedCpus(question);
  const { cpuset, isFollowed, isSpread, controlVectors } = readPolicy(question.policy ?? '');
  if (set === 0 || !isSpread) return () => set;
  const targets =
    cpuset === 'auto'
      ? question.pins.filter((_, vcpu) => isFollowed(vcpu)).map((pin) => cpusOfList(pin) & set)
      : [...cpusBy(set, isFirstThread), ...cpusBy(set, (cpu, all) => !isFirstThread(cpu, all))];
  const possible = targets.filter((cpus) => cpus !== 0);
  return ({ type, number, count }) => {
    if (type !== 'msix' || count === 1 || number < controlVectors) return set;
    return possible[(number - controlVectors) % possible.length] ?? set;
  };
}

/** No CPU of the set before it is on its core. */
const isFirstThread = (cpu: number, set: Cpus) => cpu < CPUS / 2 || (set & (1 << (cpu - CPUS / 2))) === 0;

/** The CPUs of a set for which that is so, ascending, each as a set. */
function cpusBy(set: Cpus, is: (cpu: number, set: Cpus) => boolean): Cpus[] {
  const numbers = Array.from({ length: CPUS }, (_, cpu) => cpu);
  return numbers.filter((cpu) => (set & (1 << cpu)) !== 0 && is(cpu, set)).map((cpu) => 1 << cpu);
}

/**
 * Names of the problems that `plan` reports about a policy, of those that are the same whichever node the device is on.
 */
export function problemsOf({ policy, pins, online, allowed }: Question): string[] {
  if (policy === undefined || policy === 'native') return [];
  const { cpuset, isFollowed } = readPolicy(policy);
  const followed = pins.filter((_, vcpu) => isFollowed(vcpu));
  if (cpuset === 'auto' && followed.length === 0) return ['vcpus-unknown'];
  const asked = cpuset === 'auto' ? cpusOfPins(followed) : cpusOfList(cpuset);
  if (cpuset === 'auto' && isAnywhere(followed, online)) return ['auto-unpinned'];
  const usable = asked & online & allowed;
  if (usable === 0) return ['no-usable-cpu'];
  return usable === asked ? [] : ['cpus-left-out'];
}

/** Whether a vCPU may run on every CPU. */
const isAnywhere = (pins: readonly string[], online: Cpus) => pins.some((pin) => (online & ~cpusOfList(pin)) === 0);

function cpusOfPins(pins: readonly string[]): Cpus {
  return pins.reduce((cpus, list) => cpus | cpusOfList(list), 0);
}
