import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { readCases, type TestCase } from '../support/case-files.js';

/** The cases of a rule, in the file RULE.txt of a directory. */
export function casesOfRule(folder: string, rule: string, sections: readonly string[]): TestCase[] {
  return readCases(join(folder, `${rule}.txt`), sections);
}

/**
 * Asserts that the rule is reported in each case named `invalid: NAME`, in none named `valid: NAME`; there are both.
 */
export function assertReported(cases: readonly TestCase[], isReported: (one: TestCase) => boolean): void {
  const groups = { 'invalid: ': true, 'valid: ': false };
  for (const { name } of cases) {
    assert.ok(
      Object.keys(groups).some((prefix) => name.startsWith(prefix)),
      `${name}: neither invalid nor valid`,
    );
  }
  for (const [prefix, expected] of Object.entries(groups)) {
    const ofGroup = cases.filter(({ name }) => name.startsWith(prefix));
    assert.ok(ofGroup.length > 0, `no case ${prefix}NAME`);
    for (const one of ofGroup) assert.is(isReported(one), expected, one.name);
  }
}

/** Asserts that the directory has a file for each rule, and no other. */
export function assertFileForEachRule(folder: string, rules: readonly string[]): void {
  assert.equal(readdirSync(folder).sort(), rules.map((rule) => `${rule}.txt`).sort());
}
