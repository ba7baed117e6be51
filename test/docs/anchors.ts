import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { projectRoot } from '../support/cli.js';

/** The links of a page to headings that do not exist, in this page or in another one. */
export function brokenAnchors(path: string, text: string): string[] {
  return [...text.matchAll(/\]\(([^)#\s]*)#([^)\s]+)\)/g)].flatMap(([, target = '', anchor = '']) => {
    const page = target === '' ? path : normalize(join(dirname(path), target));
    if (/^https?:/.test(target) || !page.endsWith('.md')) return [];
    const file = join(projectRoot, page);
    return existsSync(file) && anchorsIn(readFileSync(file, 'utf8')).has(anchor) ? [] : `${target}#${anchor}`;
  });
}

/** As GitHub makes them of headings. */
function anchorsIn(text: string): Set<string> {
  const headings = text.replace(/^```.*?^```/gms, '').match(/^#+ .*$/gm) ?? [];
  return new Set(headings.map((heading) => anchorOf(heading.replace(/^#+ /, ''))));
}

const anchorOf = (heading: string) =>
  heading
    .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\- _]/gu, '')
    .trim()
    .replaceAll(' ', '-');
