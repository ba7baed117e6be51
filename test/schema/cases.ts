import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('cases/', import.meta.url));

export interface Case {
  name: string;
  path: string;
  text: string;
}

/** The documents of test/schema/cases/valid or invalid. */
export function casesOf(kind: 'valid' | 'invalid'): Case[] {
  const names = readdirSync(folder + kind).filter((name) => name.endsWith('.xml'));
  if (names.length === 0) throw new Error(`no cases in ${folder}${kind}`);
  return names.map((name) => {
    const path = `${folder}${kind}/${name}`;
    return { name: name.slice(0, -'.xml'.length), path, text: readFileSync(path, 'utf8') };
  });
}

/** Where an invalid case is at fault, and what is said of it: NAME.json beside it. */
export function expectedFaults({ path }: Case): { at: string; message: string }[] {
  return JSON.parse(readFileSync(path.replace(/\.xml$/, '.json'), 'utf8'));
}
