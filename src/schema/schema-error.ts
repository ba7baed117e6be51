import { ExpectedError } from '../lib/errors.js';

/**
 * The schema check is not possible: no schema directory, no such engine, a grammar that does not compile. The message
 * is one line.
 */
export class SchemaError extends ExpectedError {
  override name = 'SchemaError';
}
