import type { Definition } from '../../domain/definition.js';
import { type CpusetError, parseCpuset } from '../../domain/parse-cpuset.js';
import { memoizeLast } from '../../lib/memoize-last.js';
import { type AttributeRange, attributeOf } from '../../xml/attributes.js';
import { select } from '../../xml/select.js';

/** A `cpuset` attribute that cannot be read. */
export interface InvalidCpuset {
  value: string;
  range: AttributeRange;
  error: CpusetError;
  /** the value stands in the document as it is, without references: offsets in it are offsets there */
  exact: boolean;
  /** it is a device's policy, not libvirt's own pinning */
  policy: boolean;
}

/** All of them: of devices first, then of the pinning. */
export const invalidCpusets = memoizeLast(readFaultyCpusets);

function readFaultyCpusets({ document, devices }: Definition): InvalidCpuset[] {
  const found: InvalidCpuset[] = [];
  const add = (value: string, range: AttributeRange, error: CpusetError, policy: boolean) => {
    const exact = document.text.slice(range.valueStart, range.valueEnd) === value;
    found.push({ value, range, error, exact, policy });
  };
  for (const { attribute, placeable } of devices) {
    // elsewhere the attribute has no business at all: no-interrupts
    if (placeable && attribute && !attribute.policy.ok)
      add(attribute.value, attribute.range, attribute.policy.error, true);
  }
  // libvirt's own are read by the same parser; the vCPUs' decide what `auto` means.
  for (const node of select('/domain/vcpu', document).concat(select('/domain/cputune/*', document))) {
    const value = node.getAttribute('cpuset');
    if (value === null) continue;
    const result = parseCpuset(value);
    const range = result.ok ? undefined : attributeOf(document, node, 'cpuset');
    if (range && !result.ok) add(value, range, result.error, false);
  }
  return found;
}
