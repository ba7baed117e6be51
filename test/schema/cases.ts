import { join } from 'node:path';
import { pathBeside, readCases, type TestCase } from '../support/case-files.js';

/** The documents that the schema accepts or rejects: test/schema/cases/valid or invalid. */
export function casesOf(kind: 'valid' | 'invalid'): TestCase[] {
  return readCases(join(pathBeside(import.meta.url, 'cases'), kind), kind === 'invalid' ? ['faults'] : []);
}
