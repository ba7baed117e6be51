// A case file is plain UTF-8 text with line feeds, which editors and git preserve. Words in a section's marker describe
// how the section's bytes differ from that.

/**
 * `bom`: a byte order mark at the start. `crlf`, `cr`: these line breaks. `no-final-newline`: the last line has no line
 * break. `utf-16`: UTF-16, little-endian, with a byte order mark. `escaped`: `\xNN` is a byte and `\\` a backslash.
 */
const WORDS = ['utf-16', 'bom', 'crlf', 'cr', 'no-final-newline', 'escaped'];

const BOM = '\ufeff';

/** The bytes of a section's text. @throws Error at an unknown word */
export function decodeBytes(body: string, words: readonly string[]): Buffer {
  const unknown = words.find((word) => !WORDS.includes(word));
  if (unknown !== undefined) throw new Error(`no word ${JSON.stringify(unknown)}: there are ${WORDS.join(', ')}`);
  const has = (word: string) => words.includes(word);
  let text = has('no-final-newline') ? body.replace(/\n$/, '') : body;
  if (has('escaped')) return unescapeBytes(text);
  if (has('crlf')) text = text.replaceAll('\n', '\r\n');
  if (has('cr')) text = text.replaceAll('\n', '\r');
  if (has('bom') || has('utf-16')) text = BOM + text;
  return Buffer.from(text, has('utf-16') ? 'utf16le' : 'utf8');
}

/** The words and the text for these bytes. For no line of the text `isReserved` is true. */
export function encodeBytes(bytes: Buffer, isReserved: (line: string) => boolean): { words: string[]; body: string } {
  const readable = asText(bytes, isReserved);
  if (readable) return readable;
  const lines = bytes
    .toString('latin1')
    .replace(/[^\t\n\x20-\x7e]|\\/g, (char) => (char === '\\' ? '\\\\' : hex(char)))
    .split('\n')
    .map((line) => (isReserved(line) ? hex(line.charAt(0)) + line.slice(1) : line));
  return finish(lines.join('\n'), ['escaped']);
}

function asText(bytes: Buffer, isReserved: (line: string) => boolean): { words: string[]; body: string } | undefined {
  const words: string[] = [];
  const isUtf16 = bytes.length % 2 === 0 && bytes[0] === 0xff && bytes[1] === 0xfe;
  let text = bytes.toString(isUtf16 ? 'utf16le' : 'utf8');
  if (!Buffer.from(text, isUtf16 ? 'utf16le' : 'utf8').equals(bytes)) return undefined;
  if (text.startsWith(BOM)) {
    words.push(isUtf16 ? 'utf-16' : 'bom');
    text = text.slice(1);
  }
  if (text.includes('\r')) {
    const [word, end] = text.includes('\n') ? ['crlf', '\r\n'] : ['cr', '\r'];
    words.push(word as string);
    text = text.replaceAll(end as string, '\n');
    // What a word would add or remove is detected by decoding again.
    if (text.includes('\r')) return undefined;
  }
  const result = finish(text, words);
  if (!decodeBytes(result.body, result.words).equals(bytes)) return undefined;
  // A lone surrogate, or a character that an editor or git might change.
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what it looks for
  if (/[\0-\x08\x0b-\x1f\x7f\ufeff]|\p{Surrogate}/u.test(text)) return undefined;
  return text.split('\n').some(isReserved) ? undefined : result;
}

function finish(text: string, words: string[]): { words: string[]; body: string } {
  if (text === '' || text.endsWith('\n')) return { words, body: text };
  return { words: [...words, 'no-final-newline'], body: `${text}\n` };
}

function hex(char: string): string {
  return `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`;
}

function unescapeBytes(text: string): Buffer {
  const foreign = /[^\0-\x7f]/u.exec(text)?.[0];
  if (foreign !== undefined) throw new Error(`${foreign} has to be escaped`);
  const plain = text.replace(/\\(?:x([0-9a-f]{2})|(\\)|.?)/g, (all, code?: string, backslash?: string) => {
    if (code === undefined && backslash === undefined) throw new Error(`not an escape: ${all}`);
    return code === undefined ? '\\' : String.fromCharCode(Number.parseInt(code, 16));
  });
  return Buffer.from(plain, 'latin1');
}
