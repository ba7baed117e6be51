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
import { Query, QueryError } from '../xml/query.js';
import { type LintConfiguration, type RuleSetting, SETTINGS } from './configuration.js';
import type { CustomRule } from './custom-rule.js';
import { HOST_RULES } from './host-rules/index.js';
import type { Severity } from './rule.js';
import { ALL_RULES, NOT_A_DOMAIN, WELL_FORMED } from './rules/index.js';

/** Prefixes that an XPath may use without declaring them in `namespaces`. */
const NAMESPACES: readonly [prefix: string, uri: string][] = [
  ['cpuset', NAMESPACE],
  ['qemu', 'http://libvirt.org/schemas/domain/qemu/1.0'],
];

const BUILT_IN = new Set([...ALL_RULES, ...HOST_RULES].map(({ name }) => name));
/** Where these two report, nothing else was checked. */
const FIXED: readonly string[] = [WELL_FORMED.name, NOT_A_DOMAIN.name];

const NAME = /^(?=.{1,64}$)[a-z][a-z\d]*(-[a-z\d]+)*$/;
const NAME_FORM = 'lower-case words and digits joined by hyphens, such as "ua-alias", of at most 64 characters';
const LINE = /^(?=.*\S)[^\p{Cc}\p{Zl}\p{Zp}]{1,500}$/u;
const LINE_FORM = 'one line of text, of 1 to 500 characters';
const SEVERITIES = SETTINGS.filter((setting): setting is Severity => setting !== 'off');

/** The members of a custom rule as they are read, and where its name and its expression stand. */
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
 * Reads the text of a `.lint-domain.json`: schemas/lint-config.schema.json, and what a schema cannot say.
 * @throws InputError, with its place
 */
export function parseLintConfiguration(text: string): LintConfiguration {
  const read = readObject<ConfigurationText>(parseJson(text), 'the configuration', {
    $schema: (node, name) => readText(node, name, undefined, 'the address of a schema in a string'),
    namespaces: readNamespaces,
    rules: readRules,
    customRules: (node, name) => readArray(node, name, readRule),
  });
  const namespaces = new Map([...NAMESPACES, ...Object.entries(read.namespaces ?? {})]);
  const names = new Set<string>();
  const customRules = (read.customRules ?? []).map((rule) => customRule(rule, namespaces, names));
  const rules = (read.rules ?? []).map(([key, setting]): [string, RuleSetting] => {
    const name: string = key.value;
    if (names.has(name)) throw new InputError(`the severity of ${name} is set in customRules`, key.offset);
    if (FIXED.includes(name)) throw new InputError(`${name} cannot be changed`, key.offset);
    if (!BUILT_IN.has(name)) throw new InputError(`no rule ${JSON.stringify(name)}`, key.offset, nearest(name, names));
    return [name, setting];
  });
  return { rules: new Map(rules), customRules };
}

function readNamespaces(node: JsonNode, name: string): Record<string, string> {
  return readRecord(node, name, (key, value) => {
    const prefix: string = key.value;
    if (!/^[A-Za-z_][\w.-]*$/.test(prefix) || /^xml/i.test(prefix))
      throw new InputError(`${JSON.stringify(prefix)} is not a prefix`, key.offset);
    return readText(value, prefix, LINE, 'the URI of a namespace');
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
      test: withText(/\S/, 'an XPath expression in a string'),
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
  if (BUILT_IN.has(name)) throw new InputError(`there is a built-in rule ${name}`, nameNode.offset);
  if (names.has(name)) throw new InputError(`there are two custom rules ${name}`, nameNode.offset);
  names.add(name);
  const located = <T>(work: () => T): T => {
    try {
      return work();
    } catch (error) {
      if (!(error instanceof QueryError)) throw error;
      throw new InputError(`the XPath of "${name}" cannot be used: ${error.message}`, test.offset);
    }
  };
  const query = located(() => new Query(test.value, namespaces));
  const select: CustomRule['select'] = (document) => located(() => query.ask(document));
  return { name, severity, summary, select, ...(hint === undefined ? {} : { hint }) };
}

/** The rules whose names share the most words with one that does not exist. */
function nearest(wrong: string, custom: ReadonlySet<string>): string | undefined {
  const words = new Set(wrong.toLowerCase().split(/[^a-z\d]+/));
  const shared = (name: string) => name.split('-').filter((word) => words.has(word)).length;
  const all = [...BUILT_IN, ...custom].filter((name) => !FIXED.includes(name));
  const most = Math.max(...all.map(shared));
  return most === 0 ? undefined : `known: ${all.filter((name) => shared(name) === most).join(', ')}`;
}
