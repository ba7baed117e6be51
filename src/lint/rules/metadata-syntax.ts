import { NAMESPACE } from '../../domain/metadata.js';
import { select } from '../../xml/select.js';
import type { Rule } from '../rule.js';

export const metadataSyntax: Rule = {
  name: 'metadata-syntax',
  severity: 'error',
  summary: 'something in the metadata element that its grammar does not have',
  check({ document, metadata }, report) {
    for (const { problems } of metadata) for (const problem of problems) report(problem);
    for (const node of select('/domain/metadata/hostdevs', document)) {
      const { start, openEnd } = document.rangeOf(node);
      const message = '<hostdevs> is in no namespace: libvirt drops it, without a word';
      report({ offset: start, end: openEnd, message, hint: `<hostdevs xmlns="${NAMESPACE}">` });
    }
  },
};
