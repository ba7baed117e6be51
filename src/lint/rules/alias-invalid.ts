import { isUserAlias } from '../../domain/identity.js';
import { attributeOf } from '../../xml/attributes.js';
import type { Rule } from '../rule.js';

/** Aliases that libvirt generates in a live definition. */
const GENERATED = /^(hostdev|net)\d+$/;

/** Longer names are cut in messages. */
const MAX_SHOWN_LENGTH = 40;

export const aliasInvalid: Rule = {
  name: 'alias-invalid',
  severity: 'warning',
  summary: 'an alias that libvirt silently drops at define',
  check({ document, devices }, report) {
    for (const { alias } of devices) {
      if (!alias || isUserAlias(alias.name) || GENERATED.test(alias.name)) continue;
      const range = attributeOf(document, alias.node, 'name');
      // the schema requires a name, and libvirt ignores an alias without one
      if (!range) continue;
      const tidy = alias.name.replace(/^ua-/i, '').replace(/[^A-Za-z0-9_-]/g, '-');
      report({
        offset: range.valueStart,
        end: range.valueEnd,
        message: `libvirt drops the alias ${shown(alias.name)}: it keeps only 'ua-' followed by letters, digits, _ and -`,
        ...(/[A-Za-z0-9]/.test(tidy) && tidy.length <= MAX_SHOWN_LENGTH ? { hint: `name="ua-${tidy}"` } : {}),
      });
    }
  },
};

const shown = (name: string) =>
  JSON.stringify(name.length > MAX_SHOWN_LENGTH ? `${name.slice(0, MAX_SHOWN_LENGTH)}…` : name);
