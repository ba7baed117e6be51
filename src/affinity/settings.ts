import { type Node, type ParseError, parseTree, printParseErrorCode } from 'jsonc-parser';
import type { Cpuset } from '../domain/cpuset.js';
import type { DefaultPolicy } from '../domain/metadata.js';
import { parseCpuset } from '../domain/parse-cpuset.js';
import { InputError } from '../xml/input-error.js';

/** Where the host's administrator keeps them. */
export const SETTINGS_FILE = '/etc/hostdev-cpuset/config.json';

/** /etc/hostdev-cpuset/config.json: schemas/config.schema.json. */
export interface Settings {
  /** for domains that state no default; native where absent */
  default?: DefaultPolicy;
  /** interrupts go nowhere else, whatever a domain asks */
  allowedCpus?: Cpuset;
  /** what a policy that cannot be enforced does to a start, in the hook's prepare: nothing, or it fails */
  onError: 'continue' | 'abort';
  /** how often the watcher looks, in milliseconds */
  intervals: Intervals;
  /** how often the watcher puts an interrupt back that somebody else moves */
  contest: RepairLimits;
}

export interface Intervals {
  /** for a while after a change */
  busy: number;
  /** else */
  quiet: number;
  /** where the kernel tells of new vectors itself */
  traced: number;
}

export interface RepairLimits {
  /** so often within `window` milliseconds, then it is left to them for a while */
  limit: number;
  window: number;
}

export const DEFAULT_SETTINGS: Settings = {
  onError: 'continue',
  intervals: { busy: 100, quiet: 1000, traced: 10_000 },
  contest: { limit: 5, window: 60_000 },
};

/**
 * Reads the text of the file. JSON to the letter, no comments.
 * @throws InputError, with its place, at anything that does not belong there: a wrong key is never passed over
 */
export function parseSettings(text: string): Settings {
  const tree = parseJson(text);
  const { intervals, contest } = DEFAULT_SETTINGS;
  const settings: Settings = { ...DEFAULT_SETTINGS, intervals: { ...intervals }, contest: { ...contest } };
  for (const { key, keyNode, value } of members(tree, 'the configuration')) {
    switch (key) {
      case '$schema': // for editors
        if (value.type !== 'string')
          throw new InputError(`${key} is the address of a schema in a string`, value.offset);
        break;
      case 'default':
        settings.default = oneOf(value, key, ['auto', 'native']);
        break;
      case 'onError':
        settings.onError = oneOf(value, key, ['continue', 'abort']);
        break;
      case 'allowedCpus':
        settings.allowedCpus = cpuset(value, key);
        break;
      case 'intervals':
        for (const member of numbersOf(value, key, INTERVALS)) settings.intervals[member.key] = member.number;
        break;
      case 'contest':
        for (const member of numbersOf(value, key, CONTEST)) settings.contest[member.key] = member.number;
        break;
      default:
        throw unknown(key, keyNode, ['default', 'onError', 'allowedCpus', 'intervals', 'contest']);
    }
  }
  return settings;
}

function parseJson(text: string): Node {
  if (text.trim() === '') throw new InputError('the file is empty', 0, 'remove it, or write {}');
  const errors: ParseError[] = [];
  let tree: Node | undefined;
  try {
    // editors of other systems put a byte order mark there
    tree = parseTree(text.replace(/^\ufeff/, ' '), errors, { disallowComments: true, allowTrailingComma: false });
  } catch (error) {
    // the parser calls itself at each level
    if (error instanceof RangeError) throw new InputError('nested too deeply', 0);
    throw error;
  }
  const [error] = errors;
  if (error) throw new InputError(`not JSON: ${inWords(error)}`, error.offset);
  return tree as Node;
}

/** `CommaExpected` is "comma expected". */
function inWords({ error }: ParseError): string {
  return printParseErrorCode(error)
    .replace(/(?<=[a-z])[A-Z]/g, (letter) => ` ${letter}`)
    .toLowerCase();
}

/** What is counted, and from what to what. */
type Range = readonly [what: string, least: number, most: number];
const MILLISECONDS: Range = ['milliseconds', 10, 3_600_000];
const INTERVALS = { busy: MILLISECONDS, quiet: MILLISECONDS, traced: MILLISECONDS } as const;
const CONTEST = { limit: ['repairs', 1, 1000], window: MILLISECONDS } as const;

/** The members of an object of whole numbers. */
function numbersOf<K extends string>(
  node: Node,
  name: string,
  ranges: Readonly<Record<K, Range>>,
): { key: K; number: number }[] {
  return members(node, name).map(({ key, keyNode, value }) => {
    if (!Object.hasOwn(ranges, key)) throw unknown(key, keyNode, Object.keys(ranges));
    const [what, least, most] = ranges[key as K];
    const number: unknown = value.value;
    if (!Number.isInteger(number) || (number as number) < least || (number as number) > most) {
      throw new InputError(`${key} is a whole number of ${what} from ${least} to ${most}`, value.offset);
    }
    return { key: key as K, number: number as number };
  });
}

interface Member {
  key: string;
  keyNode: Node;
  value: Node;
}

function members(node: Node, name: string): Member[] {
  if (node.type !== 'object') throw new InputError(`${name} is an object: { ... }`, node.offset);
  const seen = new Set<string>();
  return (node.children ?? []).map((property) => {
    const [keyNode, value] = property.children as [Node, Node];
    const key = String(keyNode.value);
    if (seen.has(key)) throw new InputError(`${JSON.stringify(key)} stands here twice`, keyNode.offset);
    seen.add(key);
    return { key, keyNode, value };
  });
}

function oneOf<T extends string>(node: Node, key: string, allowed: readonly T[]): T {
  const found = allowed.find((value) => value === node.value);
  if (found === undefined)
    throw new InputError(`${key} is ${allowed.map((value) => `"${value}"`).join(' or ')}`, node.offset);
  return found;
}

function cpuset(node: Node, key: string): Cpuset {
  if (node.type !== 'string') throw new InputError(`${key} is a cpuset in a string, such as "0-3,8"`, node.offset);
  const result = parseCpuset(node.value);
  if (result.ok) return result.set;
  const { message, suggestion, at } = result.error;
  // behind the quote, at the item, unless escapes make the text longer than what it says
  const offset = node.length === node.value.length + 2 ? node.offset + 1 + at : node.offset;
  throw new InputError(`${key} ${message}`, offset, suggestion === undefined ? undefined : `"${suggestion}"`);
}

function unknown(key: string, node: Node, known: readonly string[]): InputError {
  return new InputError(`no setting ${JSON.stringify(key)}`, node.offset, `there is ${known.join(', ')}`);
}
