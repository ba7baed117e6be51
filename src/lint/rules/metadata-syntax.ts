import { NAMESPACE } from '../../domain/metadata.js';
import { select } from '../../xml/select.js';
import type { Rule } from '../rule.js';

export const metadataSyntax: Rule = {
  name: 'metadata-syntax',
  severity: 'error',
  summary: 'the metadata element does not match its grammar',
  check({ document, metadata }, report) {
    for (const { problems } of metadata) for (const problem of problems) report(problem);
    for (const { localName, namespaceURI, start, openEnd } of select('/domain/metadata/*', document)) {
      const place = { offset: start, end: openEnd, hint: `<hostdevs xmlns="${NAMESPACE}">` };
      if (namespaceURI === null && localName === 'hostdevs')
        report({ ...place, message: '<hostdevs> is in no namespace: libvirt silently drops it' });
      if (namespaceURI !== NAMESPACE && namespaceURI?.trim() === NAMESPACE)
        report({ ...place, message: `${JSON.stringify(namespaceURI)} is another namespace: remove the white space` });
    }
  },
};
