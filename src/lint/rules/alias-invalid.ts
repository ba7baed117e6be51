import { isUserAlias } from '../../domain/identity.js';
import { attributeOf } from '../../xml/attributes.js';
import type { Rule } from '../rule.js';

/** What libvirt itself calls devices in a live definition. */
const GENERATED = /^(hostdev|net)\d+$/;

/** Longest name that is shown whole. */
const LONGEST = 40;

export const aliasInvalid: Rule = {
  name: 'alias-invalid',
  severity: 'warning',
  summary: 'an alias that libvirt drops at define, without a word',
  check({ document, devices }, report) {
    for (const { alias } of devices) {
      if (!alias || isUserAlias(alias.name) || GENERATED.test(alias.name)) continue;
      const range = attributeOf(document, alias.node, 'name');
      const tidy = alias.name.replace(/^ua-/i, '').replace(/[^A-Za-z0-9_-]/g, '-');
      report({
        offset: range?.valueStart ?? document.rangeOf(alias.node).start,
        ...(range ? { end: range.valueEnd } : {}),
        message: `libvirt drops the alias ${shown(alias.name)}: one that it keeps is 'ua-', then letters, digits, _ and -`,
        ...(/[A-Za-z0-9]/.test(tidy) && tidy.length <= LONGEST ? { hint: `name="ua-${tidy}"` } : {}),
      });
    }
  },
};

const shown = (name: string) => JSON.stringify(name.length > LONGEST ? `${name.slice(0, LONGEST)}…` : name);
