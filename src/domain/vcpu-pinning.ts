import type { XmlDocument } from '../xml/document.js';
import type { XmlElement } from '../xml/element.js';
import { select } from '../xml/select.js';
import { type Cpuset, union } from './cpuset.js';
import { parseCpuset } from './parse-cpuset.js';

/** The CPUs of one vCPU, and their source in the definition; `host`: the vCPU is not pinned and may run on all CPUs. */
export interface VcpuAffinity {
  vcpu: number;
  source: 'vcpupin' | 'numad' | 'vcpu' | 'host';
  /** undefined: numad decides (its result is not in the definition), or all CPUs of the host */
  cpus?: Cpuset;
}

/** A `<vcpupin>` as written. */
export interface Pin {
  node: XmlElement;
  vcpu: number | undefined;
  cpus: Cpuset | undefined;
}

export interface VcpuPinning {
  /** content of `<vcpu>`, 1 if it is absent; undefined if it is not a number */
  maxVcpus: number | undefined;
  /** enabled vCPUs only: the others have no thread */
  vcpus: VcpuAffinity[];
  pins: Pin[];
  /** the union over all vCPUs; undefined if one of them may run on all CPUs, or if numad decides */
  cpus: Cpuset | undefined;
}

/**
 * The pinning of the vCPUs. For each: its vcpupin; otherwise, with automatic placement, numad's set; otherwise
 * `vcpu/@cpuset`; otherwise all CPUs (libvirt: formatdomain, CPU allocation and tuning). emulatorpin and iothreadpin do
 * not affect vCPUs.
 */
export function readVcpuPinning(document: XmlDocument): VcpuPinning {
  const element = select('/domain/vcpu', document)[0];
  const text = element?.textContent?.trim() ?? '1';
  const maxVcpus = /^\d{1,5}$/.test(text) ? Number(text) : undefined;
  // parsed once: thousands of vCPUs have a few sets
  const parsed = new Map<string | null, Cpuset | undefined>();
  const pins = select('/domain/cputune/vcpupin', document).map((node) => readPin(node, parsed));
  const pinned = new Map<number | undefined, Cpuset>();
  for (const { vcpu, cpus } of pins) if (cpus) pinned.set(vcpu, cpus);
  const automatic = isAutomatic(document, element, pins, maxVcpus ?? 1);
  const common = parseSet(element?.getAttribute('cpuset'));
  const vcpus = enabledVcpus(document, element, maxVcpus ?? 1).map((vcpu): VcpuAffinity => {
    const cpus = pinned.get(vcpu);
    if (cpus) return { vcpu, source: 'vcpupin', cpus };
    if (automatic) return { vcpu, source: 'numad' };
    return common ? { vcpu, source: 'vcpu', cpus: common } : { vcpu, source: 'host' };
  });
  return { maxVcpus, vcpus, pins, cpus: unionOfAll(vcpus.map(({ cpus }) => cpus)) };
}

/** Undefined if one of the sets is undefined. Most vCPUs have the same set. */
export function unionOfAll(all: readonly (Cpuset | undefined)[]): Cpuset | undefined {
  const sets = new Set<Cpuset>();
  for (const cpus of all) {
    if (!cpus) return undefined;
    sets.add(cpus);
  }
  return union(...sets);
}

function readPin(node: XmlElement, parsed: Map<string | null, Cpuset | undefined>): Pin {
  const vcpu = node.getAttribute('vcpu') ?? '';
  const text = node.getAttribute('cpuset');
  if (!parsed.has(text)) parsed.set(text, parseSet(text));
  return { node, vcpu: /^\d{1,5}$/.test(vcpu) ? Number(vcpu) : undefined, cpus: parsed.get(text) };
}

/**
 * `numatune/memory placement='auto'` makes the vCPUs' placement automatic too, even if that is static, but only if the
 * guest has no vcpupin, emulatorpin or iothreadpin (measured with libvirt 9.0).
 */
function isAutomatic(document: XmlDocument, element: XmlElement | undefined, pins: Pin[], max: number): boolean {
  if (element?.getAttribute('placement') === 'auto') return true;
  if (element?.hasAttribute('cpuset')) return false;
  const memories = select('/domain/numatune/memory', document);
  if (!memories.some((memory) => memory.getAttribute('placement') === 'auto')) return false;
  if (pins.some(({ vcpu, cpus }) => cpus && vcpu !== undefined && vcpu < max)) return false;
  return select('/domain/cputune/*[self::emulatorpin or self::iothreadpin]', document).length === 0;
}

/** According to `<vcpus>`, otherwise the first `current` ones, otherwise all. */
function enabledVcpus(document: XmlDocument, vcpu: XmlElement | undefined, max: number): number[] {
  const all = Array.from({ length: Math.min(max, 16384) }, (_, index) => index);
  const listed = select('/domain/vcpus/vcpu', document);
  if (listed.length > 0) {
    const enabled = listed.filter((node) => node.getAttribute('enabled') === 'yes');
    const ids = new Set(enabled.map((node) => node.getAttribute('id')));
    return all.filter((id) => ids.has(`${id}`));
  }
  const current = vcpu?.getAttribute('current') ?? '';
  return /^\d{1,5}$/.test(current) && Number(current) > 0 ? all.slice(0, Number(current)) : all;
}

function parseSet(text: string | null | undefined): Cpuset | undefined {
  if (text === null || text === undefined) return undefined;
  const result = parseCpuset(text);
  return result.ok ? result.set : undefined;
}
