import { existsSync, readFileSync } from 'node:fs';
import { licenceOf } from '../licences.mjs';

/**
 * Debian's copyright file: our own licence, and the licence text of each bundled package.
 * @param {string} licence our own
 * @param {string} [node] the licence of the private Node
 */
export function copyrightText(licence, node) {
  const head =
    'Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\nUpstream-Name: hostdev-cpuset\n';
  const own = paragraph('*', 'Expat', licence);
  // All versions of a package share one paragraph.
  const byName = new Map();
  for (const { name, id, text } of packages()) {
    const texts = byName.get(name)?.texts ?? new Set();
    byName.set(name, { id, texts: texts.add(text.trimEnd()) });
  }
  const bundled = [...byName].map(([name, { id, texts }]) =>
    paragraph(`usr/lib/hostdev-cpuset/*/${name}`, id, [...texts].join('\n\n')),
  );
  const ofNode = node === undefined ? [] : [paragraph('usr/lib/hostdev-cpuset/node', 'node', node)];
  return [head, own, ...bundled, ...ofNode].join('\n');
}

function paragraph(files, id, text) {
  const holders = text
    .split('\n')
    .flatMap((line) => /^\W*(copyright (?:\(c\) |\D*\d).*)$/i.exec(line.trim())?.[1] ?? []);
  const body = text.trimEnd().split('\n');
  const indented = body.map((line) => ` ${line.trim() === '' ? '.' : line.trimEnd()}\n`).join('');
  return `Files: ${files}\nCopyright: ${holders.join('\n ') || 'the authors that its licence names'}\nLicense: ${id}\n${indented}`;
}

/** The packages that npm installs for production, with their licences. */
function packages() {
  const lock = JSON.parse(readFileSync('package-lock.json', 'utf8'));
  return Object.entries(lock.packages).flatMap(([folder, { dev, peer }]) => {
    if (!folder || dev || peer || !existsSync(folder)) return [];
    const { name, license, text } = licenceOf(folder);
    return [{ name, id: license === 'MIT' ? 'Expat' : license, text }];
  });
}
