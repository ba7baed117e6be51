import { POLICY_ATTRIBUTES } from '../domain/policy.js';
import type { Fault } from '../schema/explain/fault.js';
import { oversizedElement } from '../schema/size-limit.js';
import type { SchemaVerdict } from '../schema/verdict.js';
import type { XmlDocument } from '../xml/document.js';
import type { LineIndex } from '../xml/line-index.js';
import { templateError, templateMarks } from '../xml/template.js';
import { type Finding, inOrder } from './rule.js';
import { SCHEMA } from './rules/index.js';
import { noInterrupts } from './rules/no-interrupts.js';
import { policyInvalid } from './rules/policy-invalid.js';

/** A finding if the document is too large for schema validation: it must not be reported as valid. */
export function tooLargeForSchema(document: XmlDocument): Finding | undefined {
  const element = oversizedElement(document.root);
  if (!element) return undefined;
  const { tagName, children, start: offset, openEnd: end } = element;
  const message = `not validated with the schema: <${tagName.slice(0, 40)}> has ${children.length} children, too many for libxml2`;
  return { rule: SCHEMA.name, severity: SCHEMA.severity, offset, end, message };
}

/**
 * The findings of a document that the schema rejects: those of the rules, and the faults that no rule explains better.
 * @param more number of further faults
 * @param origin of the schema: `libvirt 9.0.0's schema`
 */
export function withSchemaFaults(
  findings: readonly Finding[],
  faults: readonly Fault[],
  more: number,
  verdict: SchemaVerdict,
  lines: LineIndex,
  origin: () => string,
): Finding[] {
  const { name: rule, severity } = SCHEMA;
  if (verdict.undecided) {
    return inOrder([
      ...findings,
      { rule, severity, offset: 0, message: `not validated with the schema: ${verdict.message}` },
    ]);
  }
  if (faults.length === 0) {
    const engineMessage = verdict.message === undefined ? '' : ` (libxml2: ${verdict.message})`;
    const offset = lines.offsetOfLine(verdict.line ?? 1);
    return inOrder([
      ...findings,
      {
        rule,
        severity,
        offset,
        message: `the document does not match the schema; the place of the error was not found${engineMessage}`,
      },
    ]);
  }
  const certain = findings.filter((finding) => !faults.some((fault) => isConsequence(finding, fault, lines.text)));
  const unexplained = faults.filter((fault) => !findings.some((finding) => explains(finding, fault)));
  const found = unexplained.map((fault): Finding => {
    const { start: offset, end, hint } = fault;
    const message = isUnknownToLibvirt(fault)
      ? `${origin()} does not know ${fault.unknown}; a newer libvirt may`
      : `${fault.message}${fault.isUnknownValue ? ` (${origin()}; a newer libvirt may allow it)` : ''}`;
    return { rule, severity, offset, end, message, ...(hint === undefined ? {} : { hint }) };
  });
  if (more > 0) {
    const offset = Math.max(...faults.map(({ start }) => start));
    found.push({ rule, severity, offset, message: `${more} more places do not match the schema` });
  }
  return inOrder(withTemplate([...certain, ...found], faults, lines.text));
}

/** Whether the unknown name belongs to libvirt's schema, not to a policy. */
function isUnknownToLibvirt({ unknown = '' }: Fault): boolean {
  const name = /^<?([\w.-]+)/.exec(unknown)?.[1];
  return name !== undefined && !POLICY.has(name);
}

/** In a template, the errors at its marks become one error, at the first mark. A mark that breaks no syntax is text. */
function withTemplate(findings: Finding[], faults: readonly Fault[], text: string): Finding[] {
  const [first, ...more] = templateMarks(text);
  if (first === undefined) return findings;
  const marks = [first, ...more] as const;
  const isMarked = (start: number, end: number) => marks.some((mark) => mark.start < end && start < mark.end);
  const isInTheWay = ({ kind, start, end }: Fault) => kind !== 'missing' && kind !== 'element' && isMarked(start, end);
  if (!faults.some(isInTheWay)) return findings;
  const others = findings.filter(
    ({ severity, offset, end = offset + 1 }) => severity !== 'error' || !isMarked(offset, end),
  );
  const { name: rule, severity } = SCHEMA;
  return [...others, { rule, severity, ...templateError(text, marks) }];
}

/**
 * A rule that reports an error at the same attribute, or in our metadata element, explains it better than the schema.
 */
function explains({ rule, severity, offset }: Finding, fault: Fault): boolean {
  if (severity !== 'error') return false;
  const { kind, start, end, element, parent, lacks } = fault;
  if (rule.startsWith('metadata-') && [element, parent].some((tag) => /(^|:)hostdevs$/.test(tag ?? ''))) return true;
  // the rule names the attribute that needs the missing one
  const lacksOfPolicy = rule === policyInvalid.name && lacks?.every((name) => POLICY.has(name));
  return (kind === 'attribute' || kind === 'value' || lacksOfPolicy === true) && start <= offset && offset < end;
}

/** A device of an unknown type or mode may have interrupts: the value is the error. */
function isConsequence({ rule, offset }: Finding, { kind, start, attribute }: Fault, text: string): boolean {
  const decides = kind === 'value' && (attribute === 'type' || attribute === 'mode');
  // values contain no <
  return rule === noInterrupts.name && decides && text.lastIndexOf('<', start) === text.lastIndexOf('<', offset);
}

const POLICY: ReadonlySet<string> = new Set(POLICY_ATTRIBUTES);
