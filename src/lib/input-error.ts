import { ExpectedError } from './errors.js';

/** A tag name may be megabytes long. */
const MAX_MESSAGE_LENGTH = 240;

/** What is wrong with an input text, and where: one line for people, an offset for editors. */
export class InputError extends ExpectedError {
  override readonly name = 'InputError';
  /**
   * @param message one line, without position and without a full stop; what it quotes from the input is cut where it is
   *   long
   * @param offset UTF-16 offset into the text that was read
   * @param hint what would work instead
   */
  constructor(
    message: string,
    readonly offset: number,
    readonly hint?: string,
  ) {
    super(message.length > MAX_MESSAGE_LENGTH ? `${message.slice(0, MAX_MESSAGE_LENGTH)}…` : message);
  }
}
