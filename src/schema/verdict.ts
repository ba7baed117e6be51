/** A document to validate. */
export interface SchemaDocument {
  /** for messages; never given to an engine as a file name */
  name: string;
  /** absolute path of a file that contains exactly `text` */
  path?: string;
  text: string;
}

/** The result of an engine for one document. `message` is the engine's most specific one. */
export interface SchemaVerdict {
  valid: boolean;
  /** the engine gave no verdict, for the reason in `message`; `valid` is false then */
  undecided?: true;
  /** counts from 1 */
  line?: number;
  message?: string;
}

/** An engine with a grammar, for any number of documents. */
export interface Validator {
  /** The verdicts in the order of the documents. @throws SchemaError if the engine itself fails */
  validate(documents: readonly SchemaDocument[]): Promise<SchemaVerdict[]>;
  close(): void;
}

/** Environment variables. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** A message of an engine about a document. */
export interface EngineMessage {
  message: string;
  line?: number;
}

/** In characters. A message can contain a name of 50,000 characters. */
const MAX_MESSAGE_LENGTH = 240;

/** libxml2 repeats these for each element around the invalid one. */
const UNSPECIFIC =
  /^(?:Extra element .* in interleave|Element \S+ failed to validate (?:content|attributes)|Invalid sequence in interleave)/;

/** The first specific message of an engine; else the first one, with the first line of any. */
export function mostSpecificMessage(messages: readonly EngineMessage[]): Partial<EngineMessage> {
  const specific = messages.find(({ message }) => !UNSPECIFIC.test(message));
  const chosen = specific ?? messages[0];
  if (chosen === undefined) return {};
  const line = specific?.line ?? messages.find((message) => message.line !== undefined)?.line;
  return { message: oneLine(chosen.message), ...(line === undefined ? {} : { line }) };
}

function oneLine(message: string): string {
  const line = message.trim().split('\n')[0] ?? '';
  return line.length > MAX_MESSAGE_LENGTH ? `${line.slice(0, MAX_MESSAGE_LENGTH)}...` : line;
}
