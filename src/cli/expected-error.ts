import { SettingsError } from '../enforce/settings-error.js';
import { FileError } from '../host/files.js';
import { SchemaError } from '../schema/schema-error.js';
import { InputError } from '../xml/input-error.js';
import { ToolError } from './io.js';

/** What may go wrong without being a bug. */
const EXPECTED = [ToolError, SchemaError, SettingsError, InputError, FileError];

/** An error that the system has answered with has a `syscall`: no bug, either. */
export function isExpected(error: unknown): error is Error {
  return EXPECTED.some((kind) => error instanceof kind) || (error instanceof Error && 'syscall' in error);
}
