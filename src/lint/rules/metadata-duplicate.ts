import type { Rule } from '../rule.js';

export const metadataDuplicate: Rule = {
  name: 'metadata-duplicate',
  severity: 'error',
  summary: 'two hostdevs elements in the metadata: libvirt keeps only the first',
  check({ document, metadata }, report) {
    const [first, ...others] = metadata;
    if (!first) return;
    const { line } = document.lines.at(first.node.start);
    for (const { node } of others) {
      const { start, openEnd } = node;
      const message = `a second <${node.tagName}>: libvirt keeps the one in line ${line} and silently drops this one`;
      report({ offset: start, end: openEnd, message, hint: 'move its entries to the first' });
    }
  },
};
