import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { Ajv, type ValidateFunction } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import * as assert from 'uvu/assert';
import { projectRoot } from './cli.js';

const require = createRequire(__filename);
const SARIF_SCHEMA = '@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json';
const own = new Map<string, ValidateFunction>();
let sarif: ValidateFunction | undefined;

/** Fails unless a value is what schemas/lint.schema.json says of `lint-domain --json`. */
export function validateReport(value: unknown): void {
  validate(ownSchema('lint'), value);
}

/** Fails unless a value is what schemas/report.schema.json says of plan, enforce and status. */
export function validateEnforceReport(value: unknown): void {
  validate(ownSchema('report'), value);
}

function ownSchema(name: string): ValidateFunction {
  const compile = () =>
    new Ajv2020({ allErrors: true }).compile(readJson(join(projectRoot, `schemas/${name}.schema.json`)));
  const schema = own.get(name) ?? compile();
  own.set(name, schema);
  return schema;
}

/** Fails unless a value keeps the published schema of SARIF 2.1.0. */
export function validateSarif(value: unknown): void {
  if (!sarif) {
    // It is of draft 4, of which it uses nothing that draft 7 reads otherwise once its `id` is gone; and one of its
    // patterns (of `language`) is none to a RegExp with the flag u.
    const { $schema, id, ...schema } = readJson(require.resolve(SARIF_SCHEMA));
    const ajv = new Ajv({ allErrors: true, strict: false, unicodeRegExp: false });
    addFormats.default(ajv);
    sarif = ajv.compile(schema);
  }
  validate(sarif, value);
}

function readJson(path: string): Record<string, unknown> {
  return JSON.parse(readFileSync(path, 'utf8'));
}

function validate(schema: ValidateFunction, value: unknown): void {
  schema(value);
  assert.equal(schema.errors ?? [], []);
}
