import { InputError } from '../lib/input-error.js';

/** `&nbsp;` of HTML, or `&#0;`. */
export function referenceError(reference: string, offset: number): InputError {
  const shown = reference.slice(0, 40);
  if (!reference.startsWith('&#')) {
    return new InputError(`undefined entity ${shown}`, offset, 'write the character itself, or & as &amp;');
  }
  return /^&#(?:\d+|x[\da-f]+);$/i.test(reference)
    ? new InputError(`${shown} refers to a character that is not allowed in XML`, offset, 'remove it')
    : new InputError(`malformed character reference ${shown}`, offset, 'write & as &amp;');
}

/** The first `&` that does not start a reference. saxes searches for its `;` up to the end of the document. */
export function strayAmpersand(text: string): InputError | undefined {
  const skipped = /<!--[\s\S]*?-->|<!\[CDATA\[[\s\S]*?\]\]>|<\?[\s\S]*?\?>|&(?!#?[^\s&;<>"'#]+;)/g;
  for (const found of text.matchAll(skipped)) {
    if (found[0] === '&')
      return new InputError('unescaped &: no reference starts here', found.index, 'write & as &amp;');
  }
  return undefined;
}
