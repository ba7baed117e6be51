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
    target: 'node20',
    format: 'cjs',
    sourcemap: 'inline',
    // package.json says of the library that importing it does nothing; importing a scene does
    ignoreAnnotations: true,
    logLevel: 'warning',
  });
}

/** How many there are, without running them. */
export function countScenes(): number {
  const calls = files.flatMap(
    (name) => readFileSync(join(rig, 'scenes', name), 'utf8').match(/^scene(?:OnEveryKernel)?\(/gm) ?? [],
  );
  return calls.length;
}
