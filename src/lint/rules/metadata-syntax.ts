import { NAMESPACE } from '../../domain/metadata.js';
import { select } from '../../xml/select.js';
import type { Rule } from '../rule.js';

export const metadataSyntax: Rule = {
  name: 'metadata-syntax',
  severity: 'error',
  summary: 'the metadata element does not match its grammar',
  check({ document, metadata }, report) {
    for (const { problems } of metadata) for (const problem of problems) report(problem);
    for (const node of select('/domain/metadata/hostdevs', document)) {
      const { start, openEnd } = node;
      const message = '<hostdevs> is in no namespace: libvirt silently drops it';
      report({ offset: start, end: openEnd, message, hint: `<hostdevs xmlns="${NAMESPACE}">` });
    }
  },
};
