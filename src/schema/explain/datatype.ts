import { describeDatatype, type Parameter } from './datatype-names.js';

/** A datatype of a grammar with its parameters. XML Schema part 2, as far as libvirt's and our grammars use it. */
export interface Datatype {
  /** equal for equal datatypes */
  readonly id: string;
  /** description: `an absolute path` */
  readonly label: string;
  readonly isInteger: boolean;
  allows(text: string): boolean;
  /** true for a text that libxml2 and the recommendation may treat differently, such as a number with a plus sign */
  isDoubtful(text: string): boolean;
  /** converts the text to the form in which values are compared */
  normalize(text: string): string;
}

const INTEGERS: Readonly<Record<string, readonly [min: bigint | undefined, max: bigint | undefined]>> = {
  integer: [undefined, undefined],
  positiveInteger: [1n, undefined],
  nonNegativeInteger: [0n, undefined],
  negativeInteger: [undefined, -1n],
  nonPositiveInteger: [undefined, 0n],
  long: [-(1n << 63n), (1n << 63n) - 1n],
  int: [-(1n << 31n), (1n << 31n) - 1n],
  short: [-(1n << 15n), (1n << 15n) - 1n],
  byte: [-128n, 127n],
  unsignedLong: [0n, (1n << 64n) - 1n],
  unsignedInt: [0n, (1n << 32n) - 1n],
  unsignedShort: [0n, (1n << 16n) - 1n],
  unsignedByte: [0n, 255n],
};

const FLOAT = /^(?:[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?|-?INF|NaN)$/;

const LEXICAL: Readonly<Record<string, Check>> = {
  boolean: (text) => /^(?:true|false|0|1)$/.test(text),
  double: (text) => FLOAT.test(text),
  float: (text) => FLOAT.test(text),
  decimal: (text) => /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)$/.test(text),
  NCName: (text) => /^[\p{L}_][\p{L}\p{M}\p{N}._\-\u00b7]*$/u.test(text),
  dateTime: (text) =>
    /^-?\d{4,}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])T(?:[01]\d|2[0-4]):[0-5]\d:[0-5]\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)?$/.test(
      text,
    ),
};

/** Types that keep white space. `normalizedString` replaces it, all others collapse it. */
const KEEP = new Set(['string']);
const ANY_TEXT = new Set(['string', 'token', 'normalizedString', 'anyURI']);

/**
 * A datatype by its name in the library of XML Schema (`token` and `string` of the built-in library are the same).
 * @param definition name of the definition that consists of it, for its description
 * @throws Error for a type that is not supported; when it is used, for a parameter that is not supported
 */
export function makeDatatype(name: string, parameters: readonly Parameter[], definition: string): Datatype {
  const lexical = lexicalCheck(name);
  const normalize = KEEP.has(name) ? (text: string) => text : collapse;
  // most datatypes of a grammar are not used
  let checks: Check[] | undefined;
  let label: string | undefined;
  return {
    id: JSON.stringify([name, definition, ...parameters.map((each) => [each.name, each.value])]),
    get label() {
      label ??= describeDatatype(name, parameters, definition);
      return label;
    },
    normalize,
    isInteger: name in INTEGERS,
    isDoubtful: doubtCheck(name, parameters),
    allows: (text) => {
      checks ??= facets(name, parameters);
      const normal = normalize(text);
      return lexical(normal) && checks.every((check) => check(normal));
    },
  };
}

const valueTypes = new Map<string, Datatype>();

/** The datatype of a `<value>`. */
export function valueDatatype(name: string): Datatype {
  const known = valueTypes.get(name);
  if (known !== undefined) return known;
  const made = makeDatatype(name, [], '');
  valueTypes.set(name, made);
  return made;
}

/** XML's white space only: a no-break space is text. */
export function collapse(text: string): string {
  // most values are one word
  if (!/[ \t\r\n]/.test(text)) return text;
  return text.replace(/[ \t\r\n]+/g, ' ').replace(/^ | $/g, '');
}

type Check = (text: string) => boolean;

/** Longer texts may reach the limits of libxml2's regular expressions. */
const LONGEST_PLAIN = 1000;
const PLAIN = /^[!-~]*(?: [!-~]+)*$/;

/** libxml2 parses numbers, times and URIs in its own way, and supports less of white space and Unicode. */
function doubtCheck(name: string, parameters: readonly Parameter[]): Check {
  if (name === 'anyURI') return (text) => !/^[\w/.:-]+$/.test(text);
  const hasPattern = parameters.length > 0;
  if (ANY_TEXT.has(name)) return (text) => hasPattern && (text.length > LONGEST_PLAIN || !PLAIN.test(text));
  if (name in INTEGERS) return (text) => /^[-+\d\s]*$/.test(text) && !/^-?\d{1,18}$/.test(text);
  if (name === 'double' || name === 'float' || name === 'decimal') return (text) => !/^\d+(?:\.\d+)?$/.test(text);
  return name === 'dateTime' ? () => true : (text) => !PLAIN.test(text);
}

function lexicalCheck(name: string): Check {
  if (ANY_TEXT.has(name)) return () => true;
  const form = LEXICAL[name];
  if (form) return form;
  const bounds = INTEGERS[name];
  if (bounds === undefined) throw new Error(`datatype ${name}`);
  const [min, max] = bounds;
  return (text) => {
    if (!/^[+-]?\d+$/.test(text)) return false;
    const value = integerOf(text);
    return (min === undefined || value >= min) && (max === undefined || value <= max);
  };
}

const integerOf = (text: string) => BigInt(text.replace(/^\+/, ''));

/** A text must match all parameters, patterns too (RELAX NG's guidelines for XML Schema datatypes). */
function facets(name: string, parameters: readonly Parameter[]): Check[] {
  return parameters.map(({ name: facet, value }) => facetCheck(name, facet, value));
}

function facetCheck(type: string, facet: string, value: string): Check {
  const length = Number(value);
  switch (facet) {
    case 'pattern': {
      const pattern = regularExpression(value);
      return (text) => pattern.test(text);
    }
    case 'length':
      return (text) => [...text].length === length;
    case 'minLength':
      return (text) => [...text].length >= length;
    case 'maxLength':
      return (text) => [...text].length <= length;
    case 'minInclusive':
      return (text) => compare(type, text, value) >= 0;
    case 'maxInclusive':
      return (text) => compare(type, text, value) <= 0;
    case 'minExclusive':
      return (text) => compare(type, text, value) > 0;
    case 'maxExclusive':
      return (text) => compare(type, text, value) < 0;
    default:
      throw new Error(`parameter ${facet} of ${type}`);
  }
}

function compare(type: string, text: string, bound: string): number {
  if (!(type in INTEGERS)) return Number(text) - Number(bound);
  // a text that is not a number fails the check of its type, but all checks are made
  if (!/^[+-]?\d+$/.test(text)) return Number.NaN;
  const [value, limit] = [integerOf(text), integerOf(bound.trim())];
  return value < limit ? -1 : value > limit ? 1 : 0;
}

/**
 * Converts a regular expression of XML Schema to one of JavaScript. It is anchored; `^` and `$` are ordinary
 * characters; a dot matches any character except line ends.
 * @throws SyntaxError if it is invalid
 */
export function regularExpression(source: string): RegExp {
  let text = '';
  let inClass = false;
  const characters = [...source];
  for (let index = 0; index < characters.length; index++) {
    const character = characters[index] as string;
    if (character === '\\') {
      text += escapeSequence(characters[++index] ?? '', inClass);
    } else if (inClass) {
      // a bracket inside a class is a subtraction, which libvirt's schemas do not use: treated as an ordinary character
      if (character === ']') inClass = false;
      text += character === '[' ? '\\[' : character;
    } else if (character === '[') {
      inClass = true;
      text += '[';
      if (characters[index + 1] === '^') text += characters[++index];
    } else if (character === '^' || character === '$' || character === '/') text += `\\${character}`;
    else text += character === '.' ? '[^\\n\\r]' : character;
  }
  return new RegExp(`^(?:${text})$`, 'u');
}

function escapeSequence(character: string, inClass: boolean): string {
  if (character === 'd') return '\\p{Nd}';
  if (character === 's') return inClass ? ' \\t\\n\\r' : '[ \\t\\n\\r]';
  if (character === 'w') return inClass ? '\\p{L}\\p{M}\\p{N}\\p{S}' : '[\\p{L}\\p{M}\\p{N}\\p{S}]';
  if (character === 'i') return inClass ? '\\p{L}_:' : '[\\p{L}_:]';
  if (character === 'c') return inClass ? '\\p{L}\\p{N}\\p{M}._:\\-' : '[\\p{L}\\p{N}\\p{M}._:\\-]';
  if (character === '-' && !inClass) return '-';
  if (/[nrtSDWpP\\|.?*+(){}\-[\]^$/]/.test(character)) return `\\${character}`;
  return /[\w\s]/.test(character) ? `\\${character}` : character;
}
