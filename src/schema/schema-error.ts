import { ExpectedError } from '../lib/errors.js';

/** The schema check could not be done: no such schema folder, no such engine, a grammar that does not compile. One line. */
export class SchemaError extends ExpectedError {
  override name = 'SchemaError';
}
