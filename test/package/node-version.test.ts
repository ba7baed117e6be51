import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { projectRoot } from '../support/cli.js';
import { run } from '../support/run.js';
import { TemporaryFolder } from '../support/temporary-folder.js';

const test = suite('oldest supported version of Node');
const read = (path: string) => readFileSync(join(projectRoot, path), 'utf8');
const { engines, devDependencies } = JSON.parse(read('package.json'));
const oldest = /^>=(\d+)/.exec(engines.node)?.[1] as string;

test('the build, the types and the pages name the same version', () => {
  assert.equal(
    [...read('scripts/build.mjs').matchAll(/target: 'node(\d+)'/g)].map(([, major]) => major),
    [oldest, oldest],
  );
  assert.match(devDependencies['@types/node'], new RegExp(`^\\^${oldest}\\.`));
  for (const page of ['README.md', 'docs/installing.md', 'docs/library.md'])
    assert.equal([...new Set([...read(page).matchAll(/\bNode (\d+)/g)].map(([, major]) => major))], [oldest], page);
});

test('npm run check rejects functions that it lacks', async () => {
  const folder = new TemporaryFolder();
  try {
    const newer = ['[1].toReversed();', '[1].findLast(Boolean);', "writeFileSync('a', 'b', { flush: true });"];
    folder.write('newer.ts', `import { writeFileSync } from 'node:fs';\n${newer.join('\n')}\n`);
    folder.write('package.json', '{"type":"module"}');
    const types = join(projectRoot, 'node_modules/@types');
    const config = {
      extends: join(projectRoot, 'tsconfig.json'),
      include: ['*.ts'],
      compilerOptions: { typeRoots: [types] },
    };
    folder.write('tsconfig.json', JSON.stringify(config));
    const { stdout } = await run(process.execPath, [
      join(projectRoot, 'node_modules/typescript/lib/tsc.js'),
      ...['--pretty', 'false', '-p', folder.path],
    ]);
    assert.equal(
      [...stdout.matchAll(/newer\.ts\((\d+),/g)].map(([, line]) => Number(line)),
      [2, 3, 4],
      stdout,
    );
  } finally {
    folder.remove();
  }
});

test.run();
