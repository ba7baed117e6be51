import { printable } from '../../lib/printable.js';
import { HOST_RULES } from '../host-rules/index.js';
import type { FileReport, LintReport, ReportedFinding } from '../report.js';
import type { RuleInfo } from '../rule.js';
import { ALL_RULES } from '../rules/index.js';

const BUILT_IN: readonly RuleInfo[] = [...ALL_RULES, ...HOST_RULES];

/** A custom rule of a configuration; its summary is its message. */
export interface CustomRuleInfo extends RuleInfo {
  readonly hint?: string;
}

/** Characters of a line that are part of its fingerprint. */
const MAX_FINGERPRINT_LENGTH = 1000;

/** The parts of a SARIF log that are not in the report. */
export interface SarifContext {
  version: string;
  /** of all configurations; rules with the same name are one rule in SARIF */
  customRules: readonly CustomRuleInfo[];
  /**
   * a file as SARIF's artifactLocation: a percent-encoded URI, relative to the root of the sources if the file is below
   * it
   */
  locate(path: string): { uri: string; uriBaseId?: string };
  /** the text of a line (from 1) of a file, by its index in the report */
  sourceLine(file: number, line: number): string;
  hash(text: string): string;
}

const SCHEMA = 'https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json';

/** A log of SARIF 2.1.0 with one run (OASIS, "Static Analysis Results Interchange Format"), as an object to print. */
export function sarifLog(report: LintReport, context: SarifContext): object {
  const unreadable = report.files.filter((file) => file.unreadable !== undefined);
  const names = new Set(context.customRules.map(({ name }) => name));
  const custom = [...names].map((name) => context.customRules.find((rule) => rule.name === name) as CustomRuleInfo);
  const indices = new Map([...BUILT_IN, ...custom].map(({ name }, index) => [name, index]));
  const run = {
    tool: { driver: driver(context.version, custom) },
    invocations: [
      {
        executionSuccessful: unreadable.length === 0,
        ...(unreadable.length > 0 && {
          toolExecutionNotifications: unreadable.map((file) => notification(file, context)),
        }),
        ...(report.note !== undefined && {
          toolConfigurationNotifications: [{ level: 'note', message: message(report.note) }],
        }),
      },
    ],
    columnKind: 'utf16CodeUnits',
    results: report.files.flatMap((file, index) => results(file, index, indices, context)),
  };
  return { $schema: SCHEMA, version: '2.1.0', runs: [run] };
}

function driver(version: string, custom: readonly CustomRuleInfo[]): object {
  const describe = ({ name, severity, summary }: RuleInfo, help: string) => ({
    id: name,
    shortDescription: { text: summary },
    fullDescription: { text: summary },
    help: { text: help },
    defaultConfiguration: { level: severity },
  });
  const rules = [
    ...BUILT_IN.map((rule) => describe(rule, `docs/rules/${rule.name}.md in the package hostdev-cpuset`)),
    ...custom.map((rule) => describe(rule, rule.hint ?? rule.summary)),
  ];
  return { name: 'lint-domain', version, semanticVersion: version, rules };
}

function results(
  { path, findings }: FileReport,
  index: number,
  ruleIndices: ReadonlyMap<string, number>,
  context: SarifContext,
): object[] {
  const seen = new Map<string, number>();
  return findings.map((finding) => {
    const { rule, severity, hint, also } = finding;
    const locationOf = (place: Pick<ReportedFinding, 'line' | 'column'>) => ({
      physicalLocation: { artifactLocation: context.locate(path), region: region(place) },
    });
    // Stable when lines are added or removed elsewhere: the rule, the start of the line's text, and the number among
    // equal ones. Only the start, because a document can be a single line of megabytes with thousands of findings.
    const key = `${rule}\n${context.sourceLine(index, finding.line).slice(0, MAX_FINGERPRINT_LENGTH).trim()}`;
    const occurrence = (seen.get(key) ?? 0) + 1;
    seen.set(key, occurrence);
    return {
      ruleId: rule,
      ruleIndex: ruleIndices.get(rule) ?? -1,
      level: severity,
      message: message(finding.message, ...(hint === undefined ? [] : [`try: ${hint}`])),
      locations: [locationOf(finding)],
      ...(also && { relatedLocations: also.map(locationOf) }),
      partialFingerprints: { 'ruleAndLine/v1': context.hash(`${key}\n${occurrence}`) },
    };
  });
}

function region({ line, column, endLine, endColumn }: Partial<ReportedFinding>): object {
  const end = endLine === undefined ? {} : { endLine, endColumn };
  return { startLine: line, startColumn: column, ...end };
}

function notification({ path, unreadable = '' }: FileReport, { locate }: SarifContext): object {
  return {
    level: 'error',
    message: message(`${path}: ${unreadable}`),
    locations: [{ physicalLocation: { artifactLocation: locate(path) } }],
  };
}

/** A single brace would start a placeholder. */
function message(...lines: string[]): { text: string } {
  return { text: lines.map(printable).join('\n').replace(/[{}]/g, '$&$&') };
}
