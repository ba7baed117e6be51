import { describeFault, type SchemaFault } from '../schema/locate/fault.js';
import { oversizedElement } from '../schema/size-limit.js';
import type { SchemaVerdict } from '../schema/verdict.js';
import type { XmlDocument } from '../xml/document.js';
import type { LineIndex } from '../xml/line-index.js';
import { type Finding, inOrder } from './rule.js';
import { SCHEMA } from './rules/index.js';

/** Why the schema is not asked about a document, where that is so: it must not pass for one that the schema takes. */
export function beyondSchema(document: XmlDocument): Finding | undefined {
  const element = oversizedElement(document.root);
  if (!element) return undefined;
  const { tagName, children, start: offset, openEnd: end } = element;
  const message = `the schema was not asked: the ${children.length} elements in <${tagName.slice(0, 40)}> would take libxml2 too long`;
  return { rule: SCHEMA.name, severity: SCHEMA.severity, offset, end, message };
}

/** The findings of a document that the schema rejects: the rules' own, and the faults that no rule has explained better. */
export function withSchemaFaults(
  findings: readonly Finding[],
  faults: readonly SchemaFault[],
  verdict: SchemaVerdict,
  lines: LineIndex,
): Finding[] {
  const { name: rule, severity } = SCHEMA;
  if (verdict.undecided) {
    return inOrder([
      ...findings,
      { rule, severity, offset: 0, message: `the schema could not be asked: ${verdict.message}` },
    ]);
  }
  if (faults.length === 0) {
    const said = verdict.message === undefined ? '' : ` (libxml2: ${verdict.message})`;
    const offset = lines.offsetOfLine(verdict.line ?? 1);
    return inOrder([
      ...findings,
      { rule, severity, offset, message: `the schema rejects this document; where was not found${said}` },
    ]);
  }
  const unexplained = faults.filter((fault) => !findings.some((finding) => explains(finding, fault)));
  const found = unexplained.map((fault): Finding => {
    const { start: offset, end } = fault;
    return { rule, severity, offset, end, message: describeFault(fault) };
  });
  return inOrder([...findings, ...found]);
}

/** A rule that complains of the same attribute, or of something in our metadata element, knows more about it than the schema. */
function explains({ rule, severity, offset }: Finding, { kind, start, end, element, parent }: SchemaFault): boolean {
  if (severity !== 'error') return false;
  if (rule.startsWith('metadata-') && [element, parent].some((tag) => /(^|:)hostdevs$/.test(tag ?? ''))) return true;
  return (kind === 'attribute' || kind === 'value') && start <= offset && offset < end;
}
