// Converts the Markdown that our pages use to man macros.
import { marked } from 'marked';

/** Escapes text for roff. */
export function escapeText(text) {
  return text.replace(/\\/g, '\\e').replace(/^([.'])/gm, '\\&$1');
}

/** Escapes code: hyphens and quotes stay ASCII. */
export function escapeCode(text) {
  const glyphs = { "'": '\\(aq', '`': '\\(ga', '^': '\\(ha', '~': '\\(ti', '-': '\\-' };
  return escapeText(text).replace(/['`^~-]/g, (character) => glyphs[character]);
}

export const bold = (text) => `\\fB${escapeCode(text)}\\fR`;

/** A paragraph with a hanging tag. */
export function tagged(tag, body) {
  return `.TP\n${tag}\n${body}\n`;
}

export function block(lines) {
  const shown = lines.map((line) => escapeCode(line).replace(/^\\\(aq/, '\\&\\(aq'));
  return `.PP\n.in +4n\n.EX\n${shown.join('\n')}\n.EE\n.in\n`;
}

/**
 * Headings of level 2 become sections, of level 3 subsections.
 * @param {string} text Markdown
 * @returns {string} roff
 */
export function fromMarkdown(text) {
  return marked.lexer(text).map(ofBlock).join('');
}

function ofBlock(token) {
  switch (token.type) {
    case 'heading':
      return token.depth <= 2 ? `.SH ${inline(token.tokens).toUpperCase()}\n` : `.SS ${inline(token.tokens)}\n`;
    case 'paragraph':
      return `.PP\n${inline(token.tokens)}\n`;
    case 'code':
      return block(token.text.split('\n'));
    case 'list':
      return `${token.items.map((item) => `.IP \\(bu 2\n${inline(item.tokens)}\n`).join('')}`;
    case 'table':
      return token.rows
        .map(([first, ...rest]) =>
          tagged(inline(first.tokens) || '\\ ', rest.map((cell) => inline(cell.tokens)).join('; ')),
        )
        .join('');
    case 'space':
    case 'html':
      return '';
    default:
      throw new Error(`manual pages have no ${token.type}: ${token.raw}`);
  }
}

function inline(tokens) {
  const text = tokens.map(ofInline).join('');
  // No line may begin with a control character.
  return text
    .replace(/\n\s*/g, '\n')
    .replace(/^([.'])/gm, '\\&$1')
    .trim();
}

function ofInline(token) {
  switch (token.type) {
    case 'codespan':
      return bold(token.text);
    case 'strong':
      return `\\fB${inline(token.tokens)}\\fR`;
    case 'em':
      return `\\fI${inline(token.tokens)}\\fR`;
    case 'link':
      return /^https?:/.test(token.href) ? `${inline(token.tokens)} <${escapeCode(token.href)}>` : inline(token.tokens);
    case 'escape':
      return escapeText(token.text);
    case 'text':
      return token.tokens ? token.tokens.map(ofInline).join('') : escapeText(token.text);
    default:
      throw new Error(`manual pages have no ${token.type}: ${token.raw}`);
  }
}
