import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';

const rig = join(__dirname, '..');
const files = readdirSync(join(rig, 'scenes'))
  .filter((name) => name.endsWith('.ts'))
  .sort();

/** Bundles what runs on the emulated host into one script: the scenes in the order of their names, and their runner. */
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
    // package.json declares the library free of side effects, but importing a scene registers it.
    ignoreAnnotations: true,
    logLevel: 'warning',
  });
}

/** The titles of the scenes, read without running them. @param all also those for the release's own kernel only */
export function sceneTitles(all = true): string[] {
  const calls = all ? /^scene(?:OnEveryKernel)?\(\s*(['"`])(.*)\1,/gm : /^sceneOnEveryKernel\(\s*(['"`])(.*)\1,/gm;
  const texts = files.map((name) => readFileSync(join(rig, 'scenes', name), 'utf8'));
  return texts.flatMap((text) => [...text.matchAll(calls)].map(([, , title]) => title as string));
}
