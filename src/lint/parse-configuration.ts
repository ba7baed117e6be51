import { NAMESPACE } from '../domain/metadata.js';
import { InputError } from '../lib/input-error.js';
import {
  type JsonNode,
  parseJson,
  readArray,
  readObject,
  readOneOf,
  readRecord,
  readText,
} from '../lib/json-reader.js';
import { similar } from '../lib/similar.js';
import { Query, QueryError } from '../xml/query.js';
import { type LintConfiguration, type RuleSetting, SETTINGS } from './configuration.js';
import type { CustomRule } from './custom-rule.js';
import { HOST_RULES } from './host-rules/index.js';
import type { Severity } from './rule.js';
import { ALL_RULES, NOT_A_DOMAIN, WELL_FORMED } from './rules/index.js';

/** Prefixes that an XPath can use without a declaration in `namespaces`. */
const PREDEFINED_NAMESPACES: readonly [prefix: string, uri: string][] = [
  ['cpuset', NAMESPACE],
  ['qemu', 'http://libvirt.org/schemas/domain/qemu/1.0'],
];

const BUILT_IN = new Set([...ALL_RULES, ...HOST_RULES].map(({ name }) => name));
/** These cannot be configured: after one of their findings nothing else is checked. */
const FIXED: readonly string[] = [WELL_FORMED.name, NOT_A_DOMAIN.name];

const NAME = /^(?=.{1,64}$)[a-z][a-z\d]*(-[a-z\d]+)*$/;
const NAME_FORM = 'lower-case words joined by hyphens, such as "ua-alias", at most 64 characters';
const LINE = /^(?=.*\S)[^\p{Cc}\p{Zl}\p{Zp}]{1,500}$/u;
const LINE_FORM = 'one line of text, 1 to 500 characters';
const SEVERITIES = SETTINGS.filter((setting): setting is Severity => setting !== 'off');

/** A custom rule as text: its name and its expression with their offsets. */
interface RuleText {
  name: JsonNode;
  test: JsonNode;
  message: string;
  severity?: Severity;
  hint?: string;
}

interface ConfigurationText {
  $schema?: string;
  namespaces?: Record<string, string>;
  rules?: [key: JsonNode, setting: RuleSetting][];
  customRules?: RuleText[];
}

/**
 * Parses the text of a `.lint-domain.json`: schemas/lint-config.schema.json, and checks that a schema cannot express.
 * @throws InputError, with its offset
 */
export function parseLintConfiguration(text: string): LintConfiguration {
  const read = readObject<ConfigurationText>(parseJson(text), 'the configuration', {
    $schema: (node, name) => readText(node, name, undefined, 'a string, the address of a schema'),
    namespaces: readNamespaces,
    rules: readRules,
    customRules: (node, name) => readArray(node, name, readRule),
  });
  const namespaces = new Map([...PREDEFINED_NAMESPACES, ...Object.entries(read.namespaces ?? {})]);
  const names = new Set<string>();
  const customRules = (read.customRules ?? []).map((rule) => customRule(rule, namespaces, names));
  const rules = (read.rules ?? []).map(([key, setting]): [string, RuleSetting] => {
    const name: string = key.value;
    if (names.has(name)) throw new InputError(`set the severity of ${name} in customRules`, key.offset);
    if (FIXED.includes(name)) throw new InputError(`${name} cannot be configured`, key.offset);
    if (!BUILT_IN.has(name)) {
      throw new InputError(`unknown rule ${JSON.stringify(name)}`, key.offset, similarRules(name, names));
    }
    return [name, setting];
  });
  return { rules: new Map(rules), customRules };
}

function readNamespaces(node: JsonNode, name: string): Record<string, string> {
  return readRecord(node, name, (key, value) => {
    const prefix: string = key.value;
    if (!/^[A-Za-z_][\w.-]*$/.test(prefix) || /^xml/i.test(prefix))
      throw new InputError(`${JSON.stringify(prefix)} is not a valid prefix`, key.offset);
    return readText(value, prefix, LINE, 'a namespace URI');
  });
}

function readRules(node: JsonNode, name: string): [JsonNode, RuleSetting][] {
  const settings: [JsonNode, RuleSetting][] = [];
  readRecord(node, name, (key, value) => settings.push([key, readOneOf(value, key.value, SETTINGS)]));
  return settings;
}

function readRule(node: JsonNode, name: string): RuleText {
  const withText = (pattern: RegExp, form: string) => (value: JsonNode, key: string) => {
    readText(value, key, pattern, form);
    return value;
  };
  return readObject<RuleText>(
    node,
    name,
    {
      name: withText(NAME, NAME_FORM),
      test: withText(/\S/, 'an XPath expression'),
      message: (value, key) => readText(value, key, LINE, LINE_FORM),
      severity: (value, key) => readOneOf(value, key, SEVERITIES),
      hint: (value, key) => readText(value, key, LINE, LINE_FORM),
    },
    ['name', 'test', 'message'],
  );
}

/** Adds its name to `names`. */
function customRule(rule: RuleText, namespaces: ReadonlyMap<string, string>, names: Set<string>): CustomRule {
  const { name: nameNode, test, message: summary, severity = 'error', hint } = rule;
  const name: string = nameNode.value;
  if (BUILT_IN.has(name)) throw new InputError(`${name} is the name of a built-in rule`, nameNode.offset);
  if (names.has(name)) throw new InputError(`two custom rules have the name ${name}`, nameNode.offset);
  names.add(name);
  const located = <T>(work: () => T): T => {
    try {
      return work();
    } catch (error) {
      if (!(error instanceof QueryError)) throw error;
      throw new InputError(`invalid XPath in "${name}": ${error.message}`, test.offset);
    }
  };
  const query = located(() => new Query(test.value, namespaces));
  const select: CustomRule['select'] = (document) => located(() => query.select(document));
  return { name, severity, summary, select, ...(hint === undefined ? {} : { hint }) };
}

/** The rules whose names have the most words in common with an unknown name. */
function similarRules(unknown: string, custom: ReadonlySet<string>): string | undefined {
  const words = new Set(unknown.toLowerCase().split(/[^a-z\d]+/));
  const shared = (name: string) => name.split('-').filter((word) => words.has(word)).length;
  const all = [...BUILT_IN, ...custom].filter((name) => !FIXED.includes(name));
  const near = similar(unknown, all);
  if (near !== undefined) return `did you mean ${near}?`;
  const most = Math.max(...all.map(shared));
  return most === 0 ? undefined : `similar: ${all.filter((name) => shared(name) === most).join(', ')}`;
}
