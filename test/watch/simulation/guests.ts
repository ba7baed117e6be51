import type { PlainDefinition } from '../../../src/domain/plain-definition.js';
import { hostdev, plainOf } from '../../affinity/simulated-pass.js';
import { CPUS } from './cpus.js';
import { DOMAINS } from './steps.js';

/** A domain as libvirt knows it, running or not. */
export interface Guest {
  index: number;
  name: string;
  uuid: string;
  /** addresses of its devices, and what their policy says: `auto spread=yes`; undefined: nothing */
  devices: Map<string, string | undefined>;
  /** CPU lists of its two vCPUs */
  pins: [string, string];
}

const hex = (value: number, width: number) => value.toString(16).padStart(width, '0');

/** Two domains share their second device; the third is there to be plugged. */
export function addressesOf(index: number): [own: string, shared: string, spare: string] {
  const slot = hex(index, 2);
  return [`0000:01:${slot}.0`, `0001:00:${hex(index >> 1, 2)}.0`, `0000:02:${slot}.1`];
}

export function guestsAtFirst(): Guest[] {
  return Array.from({ length: DOMAINS }, (_, index) => {
    const [own, shared] = addressesOf(index);
    const devices = new Map([[own, policyOf(index)]]);
    if (index % 4 < 2) devices.set(shared, policyOf(index + 1));
    const uuid = `00000000-0000-4000-8000-${hex(index, 12)}`;
    return { index, name: `guest-${index}`, uuid, devices, pins: pinsOf(index) };
  });
}

/**
 * Half of them auto, the others mostly a set, narrow or wide: new vectors are born in a wide one. Some spread, or
 * follow some of the vCPUs.
 */
export function policyOf(choice: number): string | undefined {
  const first = choice % (CPUS - 2);
  const wide = `0-${first + 1}`;
  const kinds = [
    ...['auto spread=yes controlVectors=1', `${first}-${first + 2}`, 'auto', `${wide} spread=yes`, 'auto vcpus=1'],
    ...[undefined, 'auto', 'native', `${first}`, 'auto spread=yes', wide, 'auto vcpus=0,5 spread=yes', 'auto'],
    `${first}-${first + 2} spread=yes controlVectors=2`,
    choice % 3 === 0 ? 'auto vcpus=7' : 'auto',
    `${CPUS / 2 - 2}-${CPUS / 2 + 1}`,
  ];
  return kinds[choice % kinds.length];
}

export function pinsOf(choice: number): [string, string] {
  const first = choice % (CPUS - 1);
  if (choice % 5 === 0) return [`0-${first}`, `${first}`];
  return choice % 17 === 0 ? [`0-${CPUS - 1}`, '0'] : [`${first}-${first + 1}`, `${(first + 5) % CPUS}`];
}

/** The cpuset of a policy, and its other attributes. */
function attributesOf(policy: string | undefined): [cpuset: string | undefined, more: Record<string, string>] {
  const [cpuset, ...more] = policy?.split(' ') ?? [];
  return [cpuset, Object.fromEntries(more.map((attribute) => attribute.split('=')))];
}

/** Of documents that were read before: reading one takes longer than a check does. */
const definitions = new Map<string, PlainDefinition>();

/** What libvirt says of it now. */
export function definitionOf({ name, uuid, devices, pins }: Guest): PlainDefinition {
  const pinned = pins.map((cpus, vcpu) => `<vcpupin vcpu='${vcpu}' cpuset='${cpus}'/>`).join('');
  const hostdevs = [...devices].map(([address, policy]) => hostdev(address, ...attributesOf(policy))).join('');
  const head = `<name>${name}</name><uuid>${uuid}</uuid><vcpu>2</vcpu><cputune>${pinned}</cputune>`;
  const text = `<domain type='kvm'>${head}<devices>${hostdevs}</devices></domain>`;
  const known = definitions.get(text) ?? plainOf(text);
  if (definitions.size > 10_000) definitions.clear();
  definitions.set(text, known);
  return known;
}
