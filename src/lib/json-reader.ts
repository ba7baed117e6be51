import { type Node, type ParseError, parseTree, printParseErrorCode } from 'jsonc-parser';
import { InputError } from './input-error.js';
import { invisibleIn } from './invisible.js';

/** A value of a JSON text with its place: `offset` and `length` in UTF-16 units. */
export type JsonNode = Node;

/**
 * Reads a value; `name` is its name in messages.
 * @throws InputError with its place
 */
export type Reader<T> = (node: JsonNode, name: string) => T;

/**
 * Parses a JSON text. Strict: no comments, no trailing commas. A byte order mark is accepted.
 * @throws InputError with its place
 */
export function parseJson(text: string): JsonNode {
  if (text.trim() === '') throw new InputError('the file is empty', 0, 'remove it, or write {}');
  const errors: ParseError[] = [];
  let tree: JsonNode | undefined;
  try {
    tree = parseTree(text.replace(/^\ufeff/, ' '), errors, { disallowComments: true, allowTrailingComma: false });
  } catch (error) {
    // the parser is recursive
    if (error instanceof RangeError) throw new InputError('nested too deeply', 0);
    throw error;
  }
  const [error] = errors;
  if (error) throw new InputError(`not JSON: ${describe(error, text)}`, error.offset);
  return tree as JsonNode;
}

/** What people write who know JavaScript, YAML or Python; else `CommaExpected` becomes "comma expected". */
function describe({ error, offset }: ParseError, text: string): string {
  const code = printParseErrorCode(error);
  if (code === 'InvalidCommentToken') return 'comments are not allowed';
  if (code === 'InvalidSymbol') {
    const [character = ''] = text.slice(offset);
    const invisible = invisibleIn(character);
    if (invisible !== undefined) return `${invisible} is not allowed here`;
    if (/['\w]/.test(character)) return 'keys and strings need double quotes';
  }
  if ((code === 'PropertyNameExpected' || code === 'ValueExpected') && /,\s*$/.test(text.slice(0, offset)))
    return `a comma is not allowed before ${text[offset] ?? 'the end'}`;
  return code.replace(/(?<=[a-z])[A-Z]/g, (letter) => ` ${letter}`).toLowerCase();
}

type Members<T> = { [K in keyof T]-?: Reader<Exclude<T[K], undefined>> };

/** Reads an object with these members and no others, in the order of `members`, not of the text. */
export function readObject<T extends object>(
  node: JsonNode,
  name: string,
  members: Members<T>,
  required: readonly (keyof T & string)[] = [],
): T {
  const found = membersOf(node, name);
  for (const [key, { keyNode }] of found) {
    if (Object.hasOwn(members, key)) continue;
    const known = Object.keys(members).filter((member) => member !== '$schema');
    throw new InputError(`unknown key ${JSON.stringify(key)} in ${name}`, keyNode.offset, `known: ${known.join(', ')}`);
  }
  const result: Partial<T> = {};
  for (const key of Object.keys(members) as (keyof T & string)[]) {
    const value = found.get(key)?.value;
    if (value) result[key] = members[key](value, key);
    else if (required.includes(key)) throw new InputError(`${JSON.stringify(key)} is missing in ${name}`, node.offset);
  }
  return result as T;
}

/** Reads an object with any keys. */
export function readRecord<T>(
  node: JsonNode,
  name: string,
  read: (key: JsonNode, value: JsonNode) => T,
): Record<string, T> {
  const found = membersOf(node, name);
  return Object.fromEntries([...found].map(([key, { keyNode, value }]) => [key, read(keyNode, value)]));
}

export function readArray<T>(node: JsonNode, name: string, read: Reader<T>): T[] {
  if (node.type !== 'array') throw new InputError(`${name} must be an array: [ ... ]`, node.offset);
  return (node.children ?? []).map((child) => read(child, `an item of ${name}`));
}

/** `form` describes the pattern. */
export function readText(node: JsonNode, name: string, pattern = /(?:)/, form = 'a string'): string {
  if (node.type === 'string' && pattern.test(node.value)) return node.value;
  throw new InputError(`${name} must be ${form}`, node.offset);
}

export function readOneOf<T extends string>(node: JsonNode, name: string, allowed: readonly T[]): T {
  const found = allowed.find((value) => value === node.value);
  if (found !== undefined) return found;
  const quoted = allowed.map((value) => JSON.stringify(value));
  const last = quoted.pop();
  throw new InputError(`${name} must be ${quoted.join(', ')} or ${last}`, node.offset);
}

export function readBoolean(node: JsonNode, name: string): boolean {
  if (node.type === 'boolean') return node.value;
  throw new InputError(`${name} must be true or false`, node.offset);
}

/** `unit` is the unit of the number. */
export function readInteger(node: JsonNode, name: string, least: number, most: number, unit?: string): number {
  const value: unknown = node.value;
  if (node.type === 'number' && Number.isInteger(value) && (value as number) >= least && (value as number) <= most) {
    return value as number;
  }
  const counted = unit === undefined ? '' : ` (${unit})`;
  throw new InputError(`${name} must be an integer from ${least} to ${most}${counted}`, node.offset);
}

function membersOf(node: JsonNode, name: string): Map<string, { keyNode: JsonNode; value: JsonNode }> {
  if (node.type !== 'object') throw new InputError(`${name} must be an object: { ... }`, node.offset);
  const members = new Map<string, { keyNode: JsonNode; value: JsonNode }>();
  for (const property of node.children ?? []) {
    const [keyNode, value] = property.children as [JsonNode, JsonNode];
    const key = String(keyNode.value);
    if (members.has(key)) throw new InputError(`duplicate key ${JSON.stringify(key)}`, keyNode.offset);
    members.set(key, { keyNode, value });
  }
  return members;
}
