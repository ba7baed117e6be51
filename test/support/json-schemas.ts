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

/** Fails unless the value is valid against schemas/lint.schema.json, the output of `lint-domain --json`. */
export function validateReport(value: unknown): void {
  validate(ownSchema('lint'), value);
}

/** Fails unless the value is valid against schemas/report.schema.json, the output of plan, enforce and status. */
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

/** Fails unless the value is valid against the published schema of SARIF 2.1.0. */
export function validateSarif(value: unknown): void {
  if (!sarif) {
    // It uses draft 4, but nothing that draft 7 treats differently once its `id` is removed. One of its patterns (of
    // `language`) is invalid with the RegExp flag u.
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
