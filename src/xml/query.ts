import type { Node } from '@xmldom/xmldom';
import xpath from 'xpath';
import { attributeOf } from './attributes.js';
import type { XmlDocument } from './document.js';
import { parseXml } from './parse.js';

/** UTF-16 offsets. */
export interface Place {
  start: number;
  end: number;
}

/** An expression is invalid; the message is one line. */
export class QueryError extends Error {
  override readonly name = 'QueryError';
}

/** Members of xpath that its types do not declare. */
interface Result {
  toUnsortedArray?(): Node[];
  booleanValue(): boolean;
}
interface Compiled {
  expression: object;
  evaluate(options: { node: Node; namespaces: (prefix: string) => string | undefined }): Result;
}
interface Engine {
  parse(expression: string): Compiled;
  XBoolean: new () => object;
}
const engine = xpath as unknown as Engine;

/** A user's XPath 1.0 expression. Its result is nodes or a boolean. */
export class Query {
  readonly #compiled: Compiled;

  /**
   * @param namespaces by prefix; other prefixes are errors, except `xml`
   * @throws QueryError if the expression is invalid, or if its result is a number or a string
   */
  constructor(
    expression: string,
    private readonly namespaces: ReadonlyMap<string, string>,
  ) {
    this.#compiled = withQueryErrors(() => engine.parse(expression));
    checkAxes(expression);
    withQueryErrors(() => checkNames(this.#compiled.expression, namespaces));
    // checks the type of the result, which does not depend on the document
    this.select(parseXml('<domain/>'));
  }

  /**
   * The selected places, in document order: the start tag of an element; for the document, that of the root. A boolean
   * expression selects the root if it is true.
   * @throws QueryError if a part of the expression has the wrong type
   */
  select(document: XmlDocument): Place[] {
    const root = { start: document.root.start, end: document.root.openEnd };
    const node = document.nodes.document;
    const result = withQueryErrors(() =>
      this.#compiled.evaluate({
        node,
        namespaces: (prefix) => this.namespaces.get(prefix),
      }),
    );
    if (result instanceof engine.XBoolean) return result.booleanValue() ? [root] : [];
    if (!result.toUnsortedArray)
      throw new QueryError('the result is a number or a string; it must be nodes or a boolean');
    const places = result.toUnsortedArray().map((node) => placeOf(node, document, root));
    return places.sort((a, b) => a.start - b.start || a.end - b.end);
  }
}

function placeOf(node: Node, document: XmlDocument, root: Place): Place {
  const { nodes } = document;
  if (node === nodes.document) return root;
  const { ownerElement, nodeName } = node as Node & { ownerElement?: Node };
  const element = nodes.elementOf(ownerElement ?? node);
  const place = ownerElement ? element && attributeOf(document, element, nodeName) : nodes.pieceOf(node);
  if (place) return place;
  if (!element || ownerElement) throw new QueryError('it selects namespace nodes, which have no place in the document');
  return { start: element.start, end: element.openEnd };
}

/** xpath throws errors without a class of their own, some only for certain documents. */
function withQueryErrors<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof QueryError) throw error;
    throw new QueryError(error instanceof RangeError ? 'it is nested too deeply' : describe((error as Error).message));
  }
}

function describe(message: string): string {
  if (message === 'XPath parse error') return 'syntax error';
  if (message.startsWith('Unterminated string')) return 'unterminated string';
  const counted = /^Function (\S+) expects \(node-set\)$/i.exec(message)?.[1];
  if (counted !== undefined) return `${counted}() takes nodes`;
  return message.charAt(0).toLowerCase() + message.slice(1);
}

/** The core functions of XPath 1.0, with the minimum and maximum number of their arguments. */
const FUNCTIONS: Readonly<Record<string, readonly [min: number, max: number]>> = {
  last: [0, 0],
  position: [0, 0],
  count: [1, 1],
  id: [1, 1],
  'local-name': [0, 1],
  'namespace-uri': [0, 1],
  name: [0, 1],
  string: [0, 1],
  concat: [2, Number.POSITIVE_INFINITY],
  'starts-with': [2, 2],
  contains: [2, 2],
  'substring-before': [2, 2],
  'substring-after': [2, 2],
  substring: [2, 3],
  'string-length': [0, 1],
  'normalize-space': [0, 1],
  translate: [3, 3],
  boolean: [1, 1],
  not: [1, 1],
  true: [0, 0],
  false: [0, 0],
  lang: [1, 1],
  number: [0, 1],
  sum: [1, 1],
  floor: [1, 1],
  ceiling: [1, 1],
  round: [1, 1],
};

const AXES: ReadonlySet<string> = new Set([
  'ancestor',
  'ancestor-or-self',
  'attribute',
  'child',
  'descendant',
  'descendant-or-self',
  'following',
  'following-sibling',
  'namespace',
  'parent',
  'preceding',
  'preceding-sibling',
  'self',
]);
/** An axis, or a string, which may contain anything. */
const AXIS = /"[^"]*"|'[^']*'|([\w-]+)\s*::/g;

/** xpath takes an unknown axis for one that selects nothing. */
function checkAxes(expression: string): void {
  for (const [, axis] of expression.matchAll(AXIS)) {
    if (axis !== undefined && !AXES.has(axis)) throw new QueryError(`unknown axis ${axis}::`);
  }
}

/** Part of a compiled expression: a function call, a variable, a name, or an object that contains them. */
interface Part {
  functionName?: string;
  arguments?: unknown[];
  variable?: string;
  prefix?: string | null;
}

/** Checked in advance: xpath reports an unknown name only when it evaluates it, which may depend on the document. */
function checkNames(value: unknown, namespaces: ReadonlyMap<string, string>): void {
  if (typeof value !== 'object' || value === null) return;
  const { functionName, arguments: given = [], variable, prefix } = value as Part;
  if (functionName !== undefined) {
    const range = Object.hasOwn(FUNCTIONS, functionName) ? FUNCTIONS[functionName] : undefined;
    if (!range) throw new QueryError(`unknown function ${functionName}()`);
    if (given.length < range[0] || given.length > range[1])
      throw new QueryError(`${functionName}() takes ${formatRange(range)}, not ${given.length}`);
  }
  if (variable !== undefined) throw new QueryError(`variables are not supported: $${variable}`);
  if (prefix && prefix !== 'xml' && !namespaces.has(prefix))
    throw new QueryError(`the prefix ${prefix} is not declared in "namespaces"`);
  for (const part of Object.values(value)) checkNames(part, namespaces);
}

function formatRange([min, max]: readonly [number, number]): string {
  if (max === Number.POSITIVE_INFINITY) return `at least ${min} arguments`;
  return `${min === max ? min : `${min} to ${max}`} ${max === 1 ? 'argument' : 'arguments'}`;
}
