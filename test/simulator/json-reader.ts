import { type Node, type ParseError, parseTree, printParseErrorCode } from 'jsonc-parser';
import { InputError } from '../../src/xml/input-error.js';

/** Reads a value of a JSON text; `name` is what it is called where it is wrong. @throws InputError with its place */
export type Reader<T> = (node: Node, name: string) => T;

/** The tree of a JSON text: to the letter, no comments. @throws InputError with its place */
export function parseJson(text: string): Node {
  if (text.trim() === '') throw new InputError('the file is empty', 0);
  const errors: ParseError[] = [];
  const tree = parseTree(text, errors, { disallowComments: true, allowTrailingComma: false });
  const [error] = errors;
  if (error) throw new InputError(`not JSON: ${printParseErrorCode(error.error)}`, error.offset);
  return tree as Node;
}

type Members<T> = { [K in keyof T]-?: Reader<Exclude<T[K], undefined>> };

/** An object with these members and no others, read in the order of `members`. */
export function readObject<T extends object>(
  node: Node,
  name: string,
  members: Members<T>,
  required: readonly (keyof T & string)[],
): T {
  if (node.type !== 'object') throw new InputError(`${name} is an object: { ... }`, node.offset);
  const found = membersOf(node);
  for (const [key, { keyNode }] of found) {
    if (Object.hasOwn(members, key)) continue;
    const known = Object.keys(members).join(', ');
    throw new InputError(`${name} has no ${JSON.stringify(key)}`, keyNode.offset, `there is ${known}`);
  }
  const result: Partial<T> = {};
  for (const key of Object.keys(members) as (keyof T & string)[]) {
    const value = found.get(key)?.value;
    if (value) result[key] = members[key](value, key);
    else if (required.includes(key)) throw new InputError(`${name} lacks ${JSON.stringify(key)}`, node.offset);
  }
  return result as T;
}

/** An object of any keys. */
export function readRecord<T>(node: Node, name: string, read: (key: Node, value: Node) => T): Record<string, T> {
  if (node.type !== 'object') throw new InputError(`${name} is an object: { ... }`, node.offset);
  return Object.fromEntries([...membersOf(node)].map(([key, { keyNode, value }]) => [key, read(keyNode, value)]));
}

export function readArray<T>(node: Node, name: string, read: Reader<T>): T[] {
  if (node.type !== 'array') throw new InputError(`${name} is an array: [ ... ]`, node.offset);
  return (node.children ?? []).map((child) => read(child, `one of ${name}`));
}

export function readText(node: Node, name: string, pattern = /(?:)/, form = 'a string'): string {
  if (node.type === 'string' && pattern.test(node.value)) return node.value;
  throw new InputError(`${name} is ${form}`, node.offset);
}

export function readBoolean(node: Node, name: string): boolean {
  if (node.type === 'boolean') return node.value;
  throw new InputError(`${name} is true or false`, node.offset);
}

/** Counts, numbers of CPUs, nodes and interrupts: all are whole. */
export function readInteger(node: Node, name: string, least: number, most: number): number {
  const value: unknown = node.value;
  if (node.type === 'number' && Number.isInteger(value) && (value as number) >= least && (value as number) <= most) {
    return value as number;
  }
  throw new InputError(`${name} is a whole number from ${least} to ${most}`, node.offset);
}

function membersOf(node: Node): Map<string, { keyNode: Node; value: Node }> {
  const members = new Map<string, { keyNode: Node; value: Node }>();
  for (const property of node.children ?? []) {
    const [keyNode, value] = property.children as [Node, Node];
    const key = String(keyNode.value);
    if (members.has(key)) throw new InputError(`${JSON.stringify(key)} stands here twice`, keyNode.offset);
    members.set(key, { keyNode, value });
  }
  return members;
}
