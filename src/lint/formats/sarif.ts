import { HOST_RULES } from '../host-rules/index.js';
import type { FileReport, LintReport, ReportedFinding } from '../report.js';
import type { RuleInfo } from '../rule.js';
import { ALL_RULES } from '../rules/index.js';

const BUILT_IN: readonly RuleInfo[] = [...ALL_RULES, ...HOST_RULES];

/** A rule of a configuration; its summary is its message. */
export interface CustomRuleInfo extends RuleInfo {
  readonly hint?: string;
}

/** Characters of a line that its fingerprint is made of. */
const FINGERPRINTED = 1000;

/** What a SARIF log says beyond the report. */
export interface SarifContext {
  version: string;
  /** of all configurations; two of one name are one rule to SARIF */
  customRules: readonly CustomRuleInfo[];
  /** a file as SARIF's artifactLocation: a percent-encoded URI, relative to the root of the sources where it is below it */
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
        ...(unreadable.length > 0 && { toolExecutionNotifications: unreadable.map((file) => unread(file, context)) }),
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
    const { rule, severity, hint } = finding;
    // What stays the same while lines are added and removed elsewhere: the line's text, and the how manieth of its like it is.
    // Its beginning will do: a document may be one line of megabytes, with thousands of findings.
    const like = `${rule}\n${context.sourceLine(index, finding.line).slice(0, FINGERPRINTED).trim()}`;
    const nth = (seen.get(like) ?? 0) + 1;
    seen.set(like, nth);
    return {
      ruleId: rule,
      ruleIndex: ruleIndices.get(rule) ?? -1,
      level: severity,
      message: message(hint === undefined ? finding.message : `${finding.message}\ntry: ${hint}`),
      locations: [{ physicalLocation: { artifactLocation: context.locate(path), region: region(finding) } }],
      partialFingerprints: { 'ruleAndLine/v1': context.hash(`${like}\n${nth}`) },
    };
  });
}

function region({ line, column, endLine, endColumn }: ReportedFinding): object {
  const end = endLine === undefined ? {} : { endLine, endColumn };
  return { startLine: line, startColumn: column, ...end };
}

function unread({ path, unreadable = '' }: FileReport, { locate }: SarifContext): object {
  return {
    level: 'error',
    message: message(`${path}: ${unreadable}`),
    locations: [{ physicalLocation: { artifactLocation: locate(path) } }],
  };
}

/** A lone brace would begin a placeholder. */
function message(text: string): { text: string } {
  return { text: text.replace(/[{}]/g, '$&$&') };
}
