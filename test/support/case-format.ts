// Parser and formatter of case files. CONTRIBUTING.md describes the format.
import { decodeBytes, encodeBytes } from './case-bytes.js';

/** A part of a case: its bytes, or a reference to an earlier section or to a file of the project. */
export type Section = { name: string } & ({ bytes: Buffer } | { reference: string });

export interface CaseText {
  name: string;
  sections: Section[];
}

const SECTION = '@@@';
const CASE = '===';
/** The section at the start of a case, unless a marker names another. */
const FIRST = 'input';

/** A marker line and the lines below it. The marker is '' for text at the start of a file. */
interface Block {
  marker: string;
  /** line number of the marker, from 1 */
  line: number;
  body: string;
}

/**
 * The cases in a file's text. A file without a line `=== NAME` is one case named `fileName`.
 * @throws Error whose message starts with the line number
 */
export function parseCases(text: string, fileName: string): CaseText[] {
  const cases: CaseText[] = [];
  for (const { marker, line, body } of blocksOf(text)) {
    if (marker.startsWith(CASE)) {
      const name = /^=== (\S.*)$/.exec(marker)?.[1];
      if (name === undefined) throw new Error(`${line}: not a line "=== NAME": ${marker}`);
      if (cases.some((one) => one.name === name)) throw new Error(`${line}: a second case ${name}`);
      if (cases.length > 0 && !text.startsWith(CASE)) {
        throw new Error('1: a file with several cases begins with a line "=== NAME"');
      }
      cases.push({ name, sections: [] });
    } else if (cases.length === 0) {
      cases.push({ name: fileName, sections: [] });
    }
    const { sections } = cases.at(-1) as CaseText;
    if (!marker.startsWith(SECTION)) {
      if (body !== '') sections.push({ name: FIRST, bytes: Buffer.from(body) });
      continue;
    }
    const section = sectionOf(marker, line, body);
    if (sections.some(({ name }) => name === section.name)) {
      throw new Error(`${line}: a second section ${section.name} of the case ${cases.at(-1)?.name}`);
    }
    sections.push(section);
  }
  return cases;
}

function blocksOf(text: string): Block[] {
  const lines = text.split('\n');
  if (lines.pop() !== '') throw new Error(`${lines.length + 1}: no line break at the end of the file`);
  const blocks: Block[] = [];
  for (const [index, content] of lines.entries()) {
    const last = blocks.at(-1);
    if (isMarker(content)) blocks.push({ marker: content, line: index + 1, body: '' });
    else if (last) last.body += `${content}\n`;
    else blocks.push({ marker: '', line: 0, body: `${content}\n` });
  }
  return blocks;
}

function sectionOf(marker: string, line: number, body: string): Section {
  const match = /^@@@ ([a-z][a-z-]*)(?: = (\S+)|((?: [a-z0-9-]+)*))$/.exec(marker);
  if (!match) throw new Error(`${line}: not a line "@@@ NAME WORD..." or "@@@ NAME = REFERENCE": ${marker}`);
  const [, name = '', reference, words = ''] = match;
  if (reference !== undefined) {
    if (body !== '') throw new Error(`${line + 1}: text below a reference`);
    return { name, reference };
  }
  try {
    return { name, bytes: decodeBytes(body, words.split(' ').filter(Boolean)) };
  } catch (error) {
    throw new Error(`${line}: ${(error as Error).message}`);
  }
}

/** The text of a file with these cases, which `parseCases` parses back. */
export function formatCases(cases: readonly CaseText[], fileName: string): string {
  const isTitled = cases.length > 1 || cases[0]?.name !== fileName;
  return cases.map((one) => (isTitled ? `${CASE} ${one.name}\n` : '') + formatCase(one)).join('');
}

function formatCase({ sections }: CaseText): string {
  return sections
    .map((section, index) => {
      if ('reference' in section) return `${SECTION} ${section.name} = ${section.reference}\n`;
      const { words, body } = encodeBytes(section.bytes, isMarker);
      const isPlainInput = index === 0 && section.name === FIRST && words.length === 0 && body !== '';
      return (isPlainInput ? '' : `${[SECTION, section.name, ...words].join(' ')}\n`) + body;
    })
    .join('');
}

function isMarker(line: string): boolean {
  return line.startsWith(SECTION) || line.startsWith(CASE);
}
