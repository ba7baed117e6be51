import type { Rule } from '../rule.js';

export const metadataSyntax: Rule = {
  name: 'metadata-syntax',
  severity: 'error',
  summary: 'something in our metadata element that is not of its grammar',
  check({ metadata }, report) {
    for (const { problems } of metadata) for (const problem of problems) report(problem);
  },
};
