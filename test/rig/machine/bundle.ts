import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { ARCHITECTURES, type Architecture } from './architecture.js';

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

/** The functions of inside/scene.ts that declare scenes. */
const DECLARATIONS = {
  scene: { everyKernel: false, everyArchitecture: false },
  sceneOnEveryKernel: { everyKernel: true, everyArchitecture: false },
  sceneOnEveryArchitecture: { everyKernel: false, everyArchitecture: true },
  sceneEverywhere: { everyKernel: true, everyArchitecture: true },
};

/**
 * The titles of the scenes for an architecture, read without running them.
 * @param all also those for the release's own kernel only
 */
export function sceneTitles(architecture: Architecture, all = true): string[] {
  const declarations = Object.entries(DECLARATIONS).filter(
    ([, is]) => (all || is.everyKernel) && (is.everyArchitecture || architecture === ARCHITECTURES[0]),
  );
  const calls = new RegExp(`^(?:${declarations.map(([name]) => name).join('|')})\\(\\s*(['"\`])(.*)\\1,`, 'gm');
  const texts = files.map((name) => readFileSync(join(rig, 'scenes', name), 'utf8'));
  return texts.flatMap((text) => [...text.matchAll(calls)].map(([, , title]) => title as string));
}
