/**
 * A text, comment or instruction between two tags. Offsets are UTF-16; those of a text exclude white space at its ends.
 */
export interface ContentPiece {
  kind: 'text' | 'comment' | 'instruction';
  start: number;
  end: number;
  /** after parsing: references resolved, CDATA sections unwrapped, line ends normalized */
  value: string;
}

const MARKUP = /<!--([\s\S]*?)-->|<!\[CDATA\[([\s\S]*?)\]\]>|<\?([\s\S]*?)\?>|[^<]+/g;

/**
 * The comments, instructions and texts in a range of a well-formed document that contains no tags. Texts of only white
 * space are omitted, as the parser does. A text and adjacent CDATA sections are one piece.
 */
export function piecesOf(text: string, from: number, to: number): ContentPiece[] {
  const pieces: ContentPiece[] = [];
  let joinsLast = false;
  const addText = (start: number, end: number, value: string) => {
    const last = pieces.at(-1);
    if (joinsLast && last) {
      last.end = end;
      last.value += value;
    } else pieces.push({ kind: 'text', start, end, value });
    joinsLast = true;
  };
  for (const { 0: raw, 1: comment, 2: section, 3: instruction, index } of text.slice(from, to).matchAll(MARKUP)) {
    const start = from + index;
    const end = start + raw.length;
    const special = comment ?? instruction;
    if (section !== undefined) addText(start, end, unixLines(section));
    else if (special !== undefined) {
      pieces.push({ kind: comment === undefined ? 'instruction' : 'comment', start, end, value: unixLines(special) });
      joinsLast = false;
    } else {
      const value = resolveReferences(unixLines(raw));
      const leading = raw.search(/[^ \t\r\n]|$/);
      if (/[^ \t\r\n]/.test(value)) addText(start + leading, start + raw.replace(/[ \t\r\n]+$/, '').length, value);
    }
  }
  return pieces;
}

/** The characters in a range of a well-formed document that contains no tags, without comments and instructions. */
export function textOf(text: string, from: number, to: number): string {
  return text
    .slice(from, to)
    .replace(MARKUP, (raw: string, comment?: string, section?: string, instruction?: string) =>
      comment !== undefined || instruction !== undefined
        ? ''
        : section === undefined
          ? resolveReferences(unixLines(raw))
          : unixLines(section),
    );
}

/** XML 1.0, 2.11. */
function unixLines(text: string): string {
  return text.includes('\r') ? text.replace(/\r\n?/g, '\n') : text;
}

const ENTITIES: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', apos: "'", quot: '"' };

/** There are no other entities: the document is well-formed and has no DOCTYPE. */
export function resolveReferences(text: string): string {
  if (!text.includes('&')) return text;
  return text.replace(/&(?:#x([\da-f]+)|#(\d+)|(\w+));/gi, (all, hex?: string, decimal?: string, name = '') => {
    if (hex) return String.fromCodePoint(Number.parseInt(hex, 16));
    return decimal ? String.fromCodePoint(Number(decimal)) : (ENTITIES[name] ?? all);
  });
}
