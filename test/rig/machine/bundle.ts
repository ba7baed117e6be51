import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';

const rig = join(__dirname, '..');
const files = readdirSync(join(rig, 'scenes'))
  .filter((name) => name.endsWith('.ts'))
  .sort();

/** Makes one script of what runs inside: the scenes in the order of their names, and what plays them. */
export async function bundleScenes(outfile: string): Promise<void> {
  const imports = [...files.map((name) => `./scenes/${name}`), './inside/play.ts'];
  await build({
    stdin: { contents: imports.map((path) => `import '${path}';\n`).join(''), resolveDir: rig, loader: 'ts' },
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node18',
    format: 'cjs',
    sourcemap: 'inline',
    // package.json says of the library that importing it does nothing; importing a scene does
    ignoreAnnotations: true,
    logLevel: 'warning',
  });
}

/** Their titles, read without running them. @param all not only those for every kernel */
export function sceneTitles(all = true): string[] {
  const calls = all ? /^scene(?:OnEveryKernel)?\(\s*(['"`])(.*)\1,/gm : /^sceneOnEveryKernel\(\s*(['"`])(.*)\1,/gm;
  const texts = files.map((name) => readFileSync(join(rig, 'scenes', name), 'utf8'));
  return texts.flatMap((text) => [...text.matchAll(calls)].map(([, , title]) => title as string));
}
