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

/** What is wrong with an expression: one line. */
export class QueryError extends Error {
  override readonly name = 'QueryError';
}

/** Parts of xpath that its types leave out. */
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

/** An XPath 1.0 expression of a user's: it selects nodes, or is true or false. */
export class Query {
  readonly #compiled: Compiled;

  /**
   * @param namespaces by prefix; other prefixes than these, and `xml`, are errors
   * @throws QueryError where the expression is malformed, or cannot select anything
   */
  constructor(
    expression: string,
    private readonly namespaces: ReadonlyMap<string, string>,
  ) {
    this.#compiled = guarded(() => engine.parse(expression));
    guarded(() => checkNames(this.#compiled.expression, namespaces));
    // The type of an expression does not depend on the document.
    this.ask(parseXml('<domain/>'));
  }

  /**
   * The places that it selects, in document order: of an element its start tag, of the document that of its root. An
   * expression that is true or false selects the root where it is true.
   * @throws QueryError where it turns out that a part of it has the wrong type
   */
  ask(document: XmlDocument): Place[] {
    const root = { start: document.root.start, end: document.root.openEnd };
    const node = document.nodes.document;
    const result = guarded(() =>
      this.#compiled.evaluate({
        node,
        namespaces: (prefix) => this.namespaces.get(prefix),
      }),
    );
    if (result instanceof engine.XBoolean) return result.booleanValue() ? [root] : [];
    if (!result.toUnsortedArray)
      throw new QueryError('it is a number or a string: it must select nodes, or be true or false');
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
  if (!element || ownerElement) throw new QueryError('it selects namespaces, which have no place');
  return { start: element.start, end: element.openEnd };
}

/** xpath throws errors of no class of its own, some of them only for the node at hand. */
function guarded<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof QueryError) throw error;
    throw new QueryError(error instanceof RangeError ? 'it is nested too deeply' : describe((error as Error).message));
  }
}

function describe(message: string): string {
  if (message === 'XPath parse error') return 'it is malformed';
  if (message.startsWith('Unterminated string')) return 'a string is not closed';
  return message.charAt(0).toLowerCase() + message.slice(1);
}

/** The core functions of XPath 1.0, with the least and the most arguments that they take. */
const FUNCTIONS: Readonly<Record<string, readonly [least: number, most: number]>> = {
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

/** Part of a compiled expression: a call, a reference to a variable, a name, or what holds them. */
interface Part {
  functionName?: string;
  arguments?: unknown[];
  variable?: string;
  prefix?: string | null;
}

/** xpath finds a wrong name only where it comes to evaluate it, which may be in no document but the one that matters. */
function checkNames(value: unknown, namespaces: ReadonlyMap<string, string>): void {
  if (typeof value !== 'object' || value === null) return;
  const { functionName, arguments: given = [], variable, prefix } = value as Part;
  if (functionName !== undefined) {
    const range = Object.hasOwn(FUNCTIONS, functionName) ? FUNCTIONS[functionName] : undefined;
    if (!range) throw new QueryError(`there is no function ${functionName}()`);
    if (given.length < range[0] || given.length > range[1])
      throw new QueryError(`${functionName}() takes ${inWords(range)}, not ${given.length}`);
  }
  if (variable !== undefined) throw new QueryError(`there are no variables: $${variable}`);
  if (prefix && prefix !== 'xml' && !namespaces.has(prefix))
    throw new QueryError(`the prefix ${prefix} is not in "namespaces"`);
  for (const part of Object.values(value)) checkNames(part, namespaces);
}

function inWords([least, most]: readonly [number, number]): string {
  if (most === Number.POSITIVE_INFINITY) return `at least ${least} arguments`;
  return `${least === most ? least : `${least} to ${most}`} ${most === 1 ? 'argument' : 'arguments'}`;
}
