/** A document to validate. With `path`, the file there holds exactly `text`. */
export interface SchemaDocument {
  /** What people call it; never given to an engine as a file name. */
  name: string;
  path?: string;
  text: string;
}

/** What an engine says of one document. `line` counts from 1; `message` is the engine's own, its most telling one. */
export interface SchemaVerdict {
  valid: boolean;
  /** There is no verdict, and `message` says why: such a document is not taken for valid, nor searched for faults. */
  undecided?: true;
  line?: number;
  message?: string;
}

/** A grammar made ready by one engine: the grammar is read once, however many documents follow. */
export interface Validator {
  /** Verdicts in the order of the documents. Throws SchemaError where the engine itself fails. */
  validate(documents: readonly SchemaDocument[]): Promise<SchemaVerdict[]>;
  close(): void;
}

/** Environment variables, handed down from the command line. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** One of the messages with which an engine explains a verdict. */
export interface EngineMessage {
  message: string;
  line?: number;
}

// A name in it can be of 50,000 characters.
const LONGEST_MESSAGE = 240;

// Said of every element around the culprit; true, and of no use to anybody.
const NOISE =
  /^(?:Extra element .* in interleave|Element \S+ failed to validate (?:content|attributes)|Invalid sequence in interleave)/;

/** Of an engine's messages, in its order, the first that names something; else the first, with any line there is. */
export function tellingMessage(messages: readonly EngineMessage[]): Partial<EngineMessage> {
  const telling = messages.find(({ message }) => !NOISE.test(message));
  const chosen = telling ?? messages[0];
  if (chosen === undefined) return {};
  const line = telling?.line ?? messages.find((message) => message.line !== undefined)?.line;
  return { message: oneLine(chosen.message), ...(line === undefined ? {} : { line }) };
}

function oneLine(message: string): string {
  const line = message.trim().split('\n')[0] ?? '';
  return line.length > LONGEST_MESSAGE ? `${line.slice(0, LONGEST_MESSAGE)}...` : line;
}
