import { invisibleIn } from '../lib/invisible.js';

/** A shell's prompt at the start of a line, with or without a command. */
const PROMPT =
  /^(?:\[?[\w.-]+@[\w.-]+[^\n]{0,80}?[$#%]|(?:ba)?sh-[\d.]+[$#]|virsh ?[#>]|[$%]|#(?= (?:virsh|sudo|cat)\b))(?: [^\n]*)?(?:\n|\r|$)/;

/** The line before or after a block of code in Markdown. */
const FENCE = /^(```|~~~)/m;

/**
 * Describes what a text outside of the root element probably is.
 * @param before true: before the root element
 */
export function describeOutside(text: string, offset: number, before: boolean): { message: string; hint?: string } {
  const rest = text.slice(offset, offset + 200);
  const place = before ? 'before the root element' : 'after the root element';
  const [, fence] = FENCE.exec(rest.replace(/<[\s\S]*/, '')) ?? [];
  if (fence !== undefined) {
    return {
      message: `${rest.startsWith(fence) ? '' : 'text and '}a Markdown fence ${place}`,
      hint: `take only what is between the lines with ${fence}`,
    };
  }
  if (PROMPT.test(rest)) return { message: `a shell prompt ${place}`, hint: 'remove this line' };
  if (/^&(?:lt|#60|#x3c);/i.test(rest)) {
    return { message: 'the tags are escaped, as in HTML', hint: 'write < for &lt;, > for &gt; and & for &amp;' };
  }
  const invisible = /^[\p{Z}\p{Cf}]/u.test(rest) ? invisibleIn(rest) : undefined;
  if (invisible !== undefined) return { message: `${invisible} ${place}`, hint: 'remove it' };
  if (before && /<[A-Za-z]/.test(text.slice(offset))) {
    return { message: 'text outside of the root element', hint: 'remove what is before the first tag' };
  }
  return { message: 'text outside of the root element' };
}
