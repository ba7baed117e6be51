import type { Rule } from '../rule.js';

export const metadataDuplicate: Rule = {
  name: 'metadata-duplicate',
  severity: 'error',
  summary: 'two metadata elements of our namespace: libvirt keeps the first',
  check({ document, metadata }, report) {
    const [first, ...others] = metadata;
    if (!first) return;
    const { line } = document.lines.at(document.rangeOf(first.node).start);
    for (const { node } of others) {
      report({
        offset: document.rangeOf(node).start,
        message: `<${node.tagName}> again: libvirt keeps the one in line ${line} and drops this, without a word`,
        hint: 'move its entries into the first',
      });
    }
  },
};
