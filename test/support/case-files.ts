import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as assert from 'uvu/assert';
import { type CaseText, formatCases, parseCases, type Section } from './case-format.js';
import { projectRoot } from './cli.js';
import { updating } from './update-cases.js';

const SUFFIX = '.txt';

/** A case of a file in a directory `cases`: an input and the expected outputs, each a section of the file. */
export class TestCase {
  constructor(
    private readonly file: CaseFile,
    private readonly content: CaseText,
  ) {}

  get name(): string {
    return this.content.name;
  }

  has(section: string): boolean {
    return this.find(section) !== undefined;
  }

  /** @throws Error if there is no such section */
  bytes(section = 'input'): Buffer {
    const found = this.find(section);
    if (!found) throw new Error(`${this.file.path}: the case ${this.name} has no section ${section}`);
    return 'bytes' in found ? found.bytes : this.referred(found.reference);
  }

  /** The section as UTF-8, with its byte order mark. */
  text(section = 'input'): string {
    return this.bytes(section).toString('utf8');
  }

  json(section: string) {
    return JSON.parse(this.text(section));
  }

  /** Asserts that a section has exactly this text. UPDATE_CASES=1 writes it, except over a reference. */
  expect(section: string, actual: string): void {
    const found = this.find(section);
    if (updating && !(found && 'reference' in found)) this.write({ name: section, bytes: Buffer.from(actual) });
    const where = `${this.file.path}: ${this.name}: ${section}`;
    assert.ok(this.has(section), `${where} is missing: UPDATE_CASES=1 writes it`);
    assert.fixture(actual, this.text(section), where);
  }

  /** The same for a value as indented JSON. */
  expectJson(section: string, value: unknown): void {
    this.expect(section, `${JSON.stringify(value, null, 2)}\n`);
  }

  private find(section: string): Section | undefined {
    return this.content.sections.find(({ name }) => name === section);
  }

  private referred(reference: string): Buffer {
    return reference.includes('/') ? readFileSync(join(projectRoot, reference)) : this.bytes(reference);
  }

  private write(section: Section): void {
    const { sections } = this.content;
    const index = sections.findIndex(({ name }) => name === section.name);
    sections.splice(index < 0 ? sections.length : index, 1, section);
    this.file.save();
  }
}

class CaseFile {
  readonly cases: CaseText[];
  readonly name: string;

  constructor(readonly path: string) {
    this.name = basename(path, SUFFIX);
    try {
      this.cases = parseCases(readFileSync(path, 'utf8'), this.name);
    } catch (error) {
      throw new Error(`${path}:${(error as Error).message}`);
    }
  }

  save(): void {
    writeFileSync(this.path, formatCases(this.cases, this.name));
  }
}

/**
 * The cases in a file, or in the files of a directory, by name. `sections`: the sections that the test reads besides
 * `input`.
 * @throws Error if there is no case, two have the same name, or one has a section that no test reads
 */
export function readCases(path: string, sections: readonly string[]): TestCase[] {
  const cases = new Map<string, TestCase>();
  for (const file of caseFilesAt(path)) {
    for (const content of file.cases) {
      if (cases.has(content.name)) throw new Error(`${file.path}: another file has a case ${content.name} as well`);
      const unread = content.sections.find(({ name }) => name !== 'input' && !sections.includes(name));
      if (unread) throw new Error(`${file.path}: ${content.name}: no test reads the section ${unread.name}`);
      cases.set(content.name, new TestCase(file, content));
    }
  }
  if (cases.size === 0) throw new Error(`no cases in ${path}`);
  return [...cases.values()].sort((one, other) => (one.name < other.name ? -1 : 1));
}

function caseFilesAt(path: string): CaseFile[] {
  if (path.endsWith(SUFFIX)) return [new CaseFile(path)];
  return readdirSync(path)
    .sort()
    .map((name) => {
      if (!name.endsWith(SUFFIX)) throw new Error(`${join(path, name)} is no case: its name does not end in ${SUFFIX}`);
      return new CaseFile(join(path, name));
    });
}

/** The path of a file or directory beside a module. */
export function pathBeside(moduleUrl: string, name: string): string {
  return fileURLToPath(new URL(name, moduleUrl));
}
