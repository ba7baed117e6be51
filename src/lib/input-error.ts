import { ExpectedError } from './errors.js';

/** A tag name may be megabytes long. */
const MAX_MESSAGE_LENGTH = 240;

/** An error in an input text, with its place: a message of one line, and an offset for editors. */
export class InputError extends ExpectedError {
  override readonly name = 'InputError';
  /**
   * @param message one line, without position and without a full stop; long quotes from the input are cut
   * @param offset UTF-16 offset into the text that was read
   * @param hint what would be accepted instead
   */
  constructor(
    message: string,
    readonly offset: number,
    readonly hint?: string,
  ) {
    super(message.length > MAX_MESSAGE_LENGTH ? `${message.slice(0, MAX_MESSAGE_LENGTH)}…` : message);
  }
}
