import { NAMESPACE } from '../../domain/metadata.js';
import { select } from '../../xml/select.js';
import type { Rule } from '../rule.js';

/** Longer names are cut in messages. */
const MAX_SHOWN_LENGTH = 60;

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
      else if (localName === 'hostdevs' && metadata.length === 0 && namespaceURI !== null && isSimilar(namespaceURI))
        report({ ...place, message: `${shown(namespaceURI)} is another namespace: its policies have no effect` });
    }
  },
};

/** Another version, other letters, or no version. */
const isSimilar = (uri: string) => /^urn:hostdev-cpuset(?::|$)/i.test(uri.trim());

const shown = (uri: string) => JSON.stringify(uri.slice(0, MAX_SHOWN_LENGTH));
