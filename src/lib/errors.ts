/** Something that can go wrong without a bug in this program: it is reported in one line, without a stack. */
export abstract class ExpectedError extends Error {}

/** The tool could not do its work: exit status 2, and this one line. */
export class ToolError extends ExpectedError {
  override readonly name = 'ToolError';
}

/** Also true for errors of system calls: those have a `syscall`. */
export function isExpected(error: unknown): error is Error {
  return error instanceof ExpectedError || (error instanceof Error && 'syscall' in error);
}
