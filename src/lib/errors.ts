/** An error that is not a bug of this program: it is reported in one line, without a stack. */
export abstract class ExpectedError extends Error {}

/** The program could not do its work: the message is printed, and the exit status is 2. */
export class ToolError extends ExpectedError {
  override readonly name = 'ToolError';
}

/** Also true for errors of system calls, which have a `syscall`. */
export function isExpected(error: unknown): error is Error {
  return error instanceof ExpectedError || (error instanceof Error && 'syscall' in error);
}
