import { cpSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { projectRoot } from '../support/cli.js';
import { run } from '../support/run.js';
import { layOutHost } from '../support/simulated-tree.js';
import { TemporaryFolder } from '../support/temporary-folder.js';

const folder = new TemporaryFolder();
const modules = join(projectRoot, 'node_modules');
const sample = join(projectRoot, 'samples/gpu.xml');

const library = suite('library');
library.after(() => folder.remove());

library('a program compiles against the packed package, and runs', async () => {
  const { dependencies } = JSON.parse(readFileSync(join(projectRoot, 'package.json'), 'utf8'));
  const packed = await run('npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', folder.path], {
    cwd: projectRoot,
  });
  assert.is(packed.code, 0, packed.stderr);
  const consumer = folder.join('consumer');
  cpSync(join(__dirname, 'consumer'), consumer, { recursive: true });
  const installed = join(consumer, 'node_modules/hostdev-cpuset');
  mkdirSync(installed, { recursive: true });
  const tar = ['-xzf', folder.join(packed.stdout.trim()), '-C', installed, '--strip-components=1'];
  assert.is((await run('tar', tar)).code, 0);
  // Only its dependencies, and the types of Node that every TypeScript program has.
  for (const name of [...Object.keys(dependencies), '@types/node', 'undici-types', 'xmlchars']) {
    const link = join(consumer, 'node_modules', name);
    mkdirSync(join(link, '..'), { recursive: true });
    symlinkSync(join(modules, name), link);
  }
  const compiled = await run(process.execPath, [join(modules, 'typescript/lib/tsc.js'), '-p', consumer]);
  assert.is(compiled.stdout, '');
  assert.is(compiled.code, 0);

  layOutHost(readFileSync(join(projectRoot, 'samples/hosts/workstation.json'), 'utf8'), folder.join('host'));
  const ran = await run(process.execPath, [join(consumer, 'out/index.js'), sample, folder.join('host')]);
  assert.is(ran.stderr, '');
  assert.equal(JSON.parse(ran.stdout), {
    name: 'workstation',
    findings: 0,
    custom: ['no-name'],
    roundTrip: true,
    default: 'auto',
    policy: '0-1,3',
    spread: [
      ['cpuset', 'auto'],
      ['vcpus', '0-1'],
      ['spread', 'yes'],
      ['controlVectors', '1'],
    ],
    invalid: ['spread: combination'],
    wanted: ['4-7', null, '4'],
    errors: [
      '1: unknown key "rule" in the configuration',
      '0: the file is empty',
      '0: <network> is not a libvirt domain',
      '8: the document ends inside <domain>',
      'ENOENT',
    ],
    rules: true,
  });
});

library('importing it has no side effects', async () => {
  const program = join(__dirname, 'imports-nothing.mjs');
  const target = pathToFileURL(join(projectRoot, 'dist/library/index.js')).href;
  const { stdout, stderr } = await run(process.execPath, [program, target]);
  assert.is(stderr, '');
  assert.equal(JSON.parse(stdout), { done: [], changed: [] });
});

library('the previous check detects side effects of an import', async () => {
  const program = join(__dirname, 'imports-nothing.mjs');
  const guilty = folder.write(
    'guilty.mjs',
    `import { openSync } from 'node:fs'; import { spawn } from 'node:child_process';
     openSync('/dev/null'); spawn('true'); process.on('exit', () => {}); globalThis.mine = 1;`,
  );
  const { stdout } = await run(process.execPath, [program, pathToFileURL(guilty).href]);
  assert.equal(JSON.parse(stdout), {
    done: ['fs.openSync /dev/null', 'node:child_process spawn'],
    changed: ['listeners', 'globals'],
  });
});

library.run();
