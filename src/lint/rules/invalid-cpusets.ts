import type { Definition } from '../../domain/definition.js';
import { type CpusetError, parseCpuset } from '../../domain/parse-cpuset.js';
import { isOfCpuset } from '../../domain/policy.js';
import { memoizeLast } from '../../lib/memoize-last.js';
import { type AttributeRange, attributeOf } from '../../xml/attributes.js';
import { select } from '../../xml/select.js';

/** An attribute that is not a valid set: `cpuset`, or `vcpus` of a device. */
export interface InvalidCpuset {
  name: 'cpuset' | 'vcpus';
  value: string;
  range: AttributeRange;
  error: CpusetError;
  /** the value contains no character references: offsets in it are offsets in the document */
  exact: boolean;
  /** the policy of a device, not libvirt's own pinning */
  policy: boolean;
}

/** All invalid ones: those of devices, then those of the pinning. */
export const invalidCpusets = memoizeLast(findInvalidCpusets);

function findInvalidCpusets({ document, devices }: Definition): InvalidCpuset[] {
  const found: InvalidCpuset[] = [];
  const add = (value: string, range: AttributeRange, error: CpusetError, policy: boolean) => {
    const name = range.name === 'vcpus' ? 'vcpus' : 'cpuset';
    const exact = document.text.slice(range.valueStart, range.valueEnd) === value;
    found.push({ name, value, range, error, exact, policy });
  };
  for (const { attribute, placeable } of devices) {
    // no-interrupts reports the attribute on other devices
    if (!placeable || !attribute || attribute.policy.ok) continue;
    for (const error of attribute.policy.errors) {
      const range = attribute.ranges.get(error.attribute);
      if (range && isOfCpuset(error)) add(attribute.values[error.attribute] ?? '', range, error, true);
    }
  }
  // libvirt's own attributes have the same syntax, and `auto` depends on those of the vCPUs
  for (const node of select('/domain/vcpu', document).concat(select('/domain/cputune/*', document))) {
    const value = node.getAttribute('cpuset');
    if (value === null) continue;
    const result = parseCpuset(value);
    const range = result.ok ? undefined : attributeOf(document, node, 'cpuset');
    if (range && !result.ok) add(value, range, result.error, false);
  }
  return found;
}
