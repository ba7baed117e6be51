/** A mark of a template language in a text. Offsets are UTF-16. */
export interface TemplateMark {
  start: number;
  end: number;
  /** the template language */
  language: string;
  /** a statement, such as a loop, which no domain definition contains */
  isStatement: boolean;
}

/** The start of a comment, which may contain any text; then one mark for each alternative. Each takes linear time. */
const MARKS =
  /<!--|\{\{[^{}]{0,300}\}\}|\{%(?:[^{}%]|%(?!\})){0,300}%\}|\{#[^{}#]{0,300}#\}|<%[^<>]{0,300}%>|[$%]\{[^{}<>\n]{1,300}\}/g;

/** Limit per document. A malicious document could have millions. */
const MAX_MARKS = 10_000;

const GO = /^\{\{-?\s*(?:[.$]|(?:range|if|with|else|end|define|template|include|block)\b)/;
const GO_STATEMENT = /^\{\{-?\s*(?:range|if|with|else|end|define|block)\b/;

/** The marks of templates outside of comments. A definition may contain them as text, so they need not be an error. */
export function templateMarks(text: string): TemplateMark[] {
  const marks: TemplateMark[] = [];
  const pattern = new RegExp(MARKS);
  while (marks.length < MAX_MARKS) {
    const { 0: mark, index: start = 0 } = pattern.exec(text) ?? {};
    if (mark === undefined) break;
    if (mark === '<!--') {
      const end = text.indexOf('-->', pattern.lastIndex);
      if (end < 0) break;
      pattern.lastIndex = end;
    } else marks.push({ start, end: start + mark.length, ...languageOf(mark) });
  }
  return marks;
}

function languageOf(mark: string): Pick<TemplateMark, 'language' | 'isStatement'> {
  if (mark.startsWith('{{')) {
    return GO.test(mark)
      ? { language: 'Go', isStatement: GO_STATEMENT.test(mark) }
      : { language: 'Jinja', isStatement: false };
  }
  if (mark.startsWith('{')) return { language: 'Jinja', isStatement: true };
  if (mark.startsWith('<')) return { language: 'ERB', isStatement: true };
  return { language: 'Terraform', isStatement: mark.startsWith('%') };
}

const MAX_SHOWN = 40;

/** The error for an invalid text with these marks, at the first of them. */
export function templateError(
  text: string,
  [first]: readonly [TemplateMark, ...TemplateMark[]],
): { message: string; offset: number; end: number; hint: string } {
  const { start, end, language } = first;
  const mark = text.slice(start, end).replace(/\s+/g, ' ');
  const shown = mark.length > MAX_SHOWN ? `${mark.slice(0, MAX_SHOWN)}…` : mark;
  return {
    message: `${shown}: this is a template (${language}), not yet a domain definition`,
    offset: start,
    end,
    hint: 'render the template, and check the result',
  };
}
