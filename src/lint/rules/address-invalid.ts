import type { Definition } from '../../domain/definition.js';
import { attributeOf } from '../../xml/attributes.js';
import type { Report, Rule } from '../rule.js';

export const addressInvalid: Rule = {
  name: 'address-invalid',
  severity: 'error',
  summary: 'a PCI address that libvirt does not accept',
  check: (definition, report) => reportProblems(definition, report, false),
};

export const addressOctal: Rule = {
  name: 'address-octal',
  severity: 'warning',
  summary: 'a number with a leading zero in a PCI address: libvirt reads it as octal',
  check: (definition, report) => reportProblems(definition, report, true),
};

function reportProblems({ document, devices }: Definition, report: Report, octal: boolean): void {
  for (const { source } of devices) {
    if (!source) continue;
    for (const problem of source.problems) {
      const range = attributeOf(document, source.node, problem.field);
      if (problem.octal !== octal || !range) continue;
      const { hint } = problem;
      report({ offset: range.valueStart, end: range.valueEnd, message: problem.message, ...(hint ? { hint } : {}) });
    }
  }
}
