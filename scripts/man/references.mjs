// Sections 5 and 7: from the JSON Schema of the configuration and from docs/.
import { readFileSync } from 'node:fs';
import { HOST_RULES } from '../../dist/modules/src/lint/host-rules/index.js';
import { ALL_RULES } from '../../dist/modules/src/lint/rules/index.js';
import { block, bold, escapeText, fromMarkdown, tagged } from './roff.mjs';

const read = (path) => readFileSync(path, 'utf8');

export function configPage() {
  const schema = JSON.parse(read('schemas/config.schema.json'));
  const page = read('docs/enforcing.md');
  const example = JSON.parse(/```json\n([^`]*)```/.exec(page)?.[1] ?? '{}');
  return {
    name: 'hostdev-cpuset-config',
    section: 5,
    about: 'host configuration of hostdev-cpuset',
    body: `${fromMarkdown(CONFIG)}.SH SETTINGS\n${settings(schema, schema.properties)}.SH EXAMPLE\n${block(JSON.stringify(example, null, 2).split('\n'))}`,
    seeAlso: ['hostdev-cpuset(1)', 'hostdev-cpuset-metadata(7)'],
  };
}

function settings(schema, properties, prefix = '') {
  return Object.entries(properties)
    .map(([name, property]) => {
      const { type, minimum, maximum, ...own } = { ...definitionOf(schema, property), ...property };
      const values = own.enum?.map((value) => bold(JSON.stringify(value))).join(' or ');
      const range = minimum === undefined ? '' : ` from ${minimum} to ${maximum}`;
      const facts = [
        values ?? `${type}${range}`,
        own.default === undefined ? undefined : `default ${bold(JSON.stringify(own.default))}`,
      ];
      const examples = (own.examples ?? []).map((value) => ` For example ${bold(JSON.stringify(value))}.`).join('');
      const text = `(${facts.filter(Boolean).join(', ')}) ${escapeText(own.description ?? '')}${examples}`;
      return tagged(bold(prefix + name), text) + settings(schema, own.properties ?? {}, `${prefix}${name}.`);
    })
    .join('');
}

function definitionOf(schema, { $ref }) {
  return $ref ? schema.$defs[$ref.split('/').at(-1)] : {};
}

export function metadataPage() {
  const policy = read('docs/policy.md').replace(/^# .*\n/, '');
  return {
    name: 'hostdev-cpuset-metadata',
    section: 7,
    about: 'interrupt policies in domain definitions',
    body: fromMarkdown(policy),
    seeAlso: ['hostdev-cpuset(1)', 'hostdev-cpuset-config(5)', 'hostdev-cpuset-rules(7)', 'virsh(1)'],
  };
}

export function rulesPage() {
  const rules = (heading, all) => `.SH ${heading}\n${all.map(rule).join('')}`;
  return {
    name: 'hostdev-cpuset-rules',
    section: 7,
    about: 'rules of lint-domain',
    body: `${fromMarkdown(RULES)}${rules('RULES', ALL_RULES)}${rules('RULES FOR A HOST', HOST_RULES)}`,
    seeAlso: ['lint-domain(1)', 'hostdev-cpuset-metadata(7)'],
  };
}

/** The text of a rule's page before its examples. */
function rule({ name, severity }) {
  const page = read(`docs/rules/${name}.md`);
  const text = page.slice(page.indexOf('\n\n', page.indexOf('Severity:')), page.search(/^## /m));
  return `.SS ${name} (${severity})\n${fromMarkdown(text)}`;
}

const CONFIG = `
## Description

\`/etc/hostdev-cpuset/config.json\` is the optional configuration of a host. It is strict JSON: no comments, no duplicate keys. An unknown key or an invalid
value is an error with its position. Nothing is then written to any interrupt. With \`--root DIR\` the file below DIR is used.

It must be a regular file, or a link to one, that belongs to root and that group and others cannot write to. Otherwise it is an error as well.
Below \`--root DIR\` it may also belong to the caller.
`;

const RULES = `
## Description

An error sets the exit status of lint-domain(1) to 1; a warning does not, unless there are more than \`--max-warnings\`. The rules for a host apply only
with \`--host\`.
`;
