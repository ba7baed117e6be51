import { statesPolicy } from '../../domain/device-policies.js';
import type { Device } from '../../domain/devices.js';
import type { Rule } from '../rule.js';

export const noPolicy: Rule = {
  name: 'no-policy',
  severity: 'note',
  summary: 'PCI devices of the host, and no policy for any of them',
  needsDomain: true,
  check(definition, report) {
    const [first, ...more] = definition.devices.filter(isHostDevice);
    if (!first || statesPolicy(definition)) return;
    const { start: offset, openEnd: end } = first.node;
    const what = more.length === 0 ? 'its host device' : `its ${more.length + 1} host devices`;
    report({
      offset,
      end,
      message: `the domain states no policy for ${what}: only a default of the host places interrupts`,
      hint: 'cpuset="auto"',
    });
  },
};

/** An interface on a network usually has no host device. */
function isHostDevice({ placeable, element, node }: Device): boolean {
  return placeable && (element === 'hostdev' || node.getAttribute('type') === 'hostdev');
}
