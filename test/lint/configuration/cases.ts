import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { updating } from '../expected-file.js';

/** A document, a configuration, and what comes of them. */
export interface ConfigurationCase {
  name: string;
  document: string;
  configuration: string;
  expected: unknown;
}

const folder = join(__dirname, 'cases');

/**
 * The cases of cases/FILE.txt. Each begins with a line `=== NAME`, and has the document, the configuration below a
 * line `@@@ configuration`, and the expected JSON below a line `@@@ expected`. The document may be left out: it is then `standard`.
 */
export function readConfigurationCases(file: string, standard = ''): ConfigurationCase[] {
  const text = readFileSync(join(folder, file), 'utf8');
  return text.split(/^=== /m).flatMap((part) => {
    if (part === '') return [];
    const match = /^(.*)\n([\s\S]*?)@@@ configuration\n([\s\S]*?)\n(?:@@@ expected\n([\s\S]*))?$/.exec(part);
    if (!match) throw new Error(`${file}: not a case: ${part}`);
    const [, name = '', document = '', configuration = '', expected = 'null'] = match;
    return [{ name, document: document || standard, configuration, expected: JSON.parse(expected) }];
  });
}

/** With UPDATE_CASES=1, writes what is expected of a case. */
export function updateCase(file: string, name: string, value: unknown): void {
  if (!updating) return;
  const path = join(folder, file);
  const parts = readFileSync(path, 'utf8').split(/^(?==== )/m);
  const updated = parts.map((part) =>
    part.startsWith(`=== ${name}\n`)
      ? `${part.replace(/^@@@ expected\n[\s\S]*/m, '')}@@@ expected\n${JSON.stringify(value, null, 2)}\n`
      : part,
  );
  writeFileSync(path, updated.join(''));
}

export function configurationCaseFiles(): string[] {
  return readdirSync(folder).sort();
}
