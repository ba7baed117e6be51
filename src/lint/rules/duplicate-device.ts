import { identitiesOf } from '../../domain/devices.js';
import { formatIdentity } from '../../domain/identity.js';
import type { Rule } from '../rule.js';

export const duplicateDevice: Rule = {
  name: 'duplicate-device',
  severity: 'error',
  summary: 'the same device twice: one address, alias or MAC for two elements',
  check({ document, devices }, report) {
    const first = new Map<string, number>();
    for (const device of devices) {
      for (const identity of identitiesOf(device)) {
        const key = formatIdentity(identity);
        const { start } = document.rangeOf(device.node);
        const seen = first.get(key);
        if (seen === undefined) first.set(key, start);
        else
          report({ offset: start, message: `${key} is taken by the device in line ${document.lines.at(seen).line}` });
      }
    }
  },
};
