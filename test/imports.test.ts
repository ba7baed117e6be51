import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { projectRoot } from './support/cli.js';

/** Folders from top to bottom: each imports only from itself and the folders below it. */
const ORDER = [
  'cli',
  'watch',
  'hook',
  'install',
  'discovery',
  'libvirt',
  'report',
  'affinity',
  'lint',
  'transform',
  'schema',
  'runtime',
  'host',
  'domain',
  'xml',
  'lib',
];
const src = join(dirname(__dirname), 'src');

const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
const imports = files.flatMap((file) => {
  const text = readFileSync(join(src, file), 'utf8');
  const targets = [...text.matchAll(/(?:from|import\()\s*'([^']+)'/g)].map((match) => match[1] as string);
  return targets.map((target) => ({ file, target }));
});

test('imports between folders go in one direction', () => {
  const wrong = imports.filter(({ file, target }) => {
    if (!target.startsWith('.') || !file.includes('/')) return false;
    const to = relative(src, join(src, dirname(file), target));
    return ORDER.indexOf(topOf(to)) < ORDER.indexOf(topOf(file));
  });
  assert.equal(wrong, []);
  assert.ok(imports.length > 100, `only ${imports.length} imports found`);
});

test('one module writes smp_affinity', () => {
  const using = (pattern: RegExp) => files.filter((file) => pattern.test(readFileSync(join(src, file), 'utf8'))).sort();
  assert.equal(using(/\bformatMask\(/), ['affinity/write-affinity.ts', 'domain/cpu-mask.ts']);
  assert.equal(using(/\/smp_affinity[`']/), ['host/interrupt.ts']);
  // A mask that is opened for writing is passed to writeAffinity.
  for (const file of using(/\bopenMask\b.* from '/))
    assert.ok(using(/\bwriteAffinity\b.* from '/).includes(file), file);
});

test('imports between subfolders go in one direction, too', () => {
  const inside = {
    cli: ['options', 'commands', 'edit', 'status', 'lint', 'host', 'files'],
  };
  for (const [folder, order] of Object.entries(inside)) {
    const below = (file: string) => (topOf(file) === folder ? (file.split('/')[1] as string) : '');
    const wrong = imports.filter(({ file, target }) => {
      const to = below(join(dirname(file), target));
      return order.includes(below(file)) && order.includes(to) && order.indexOf(to) < order.indexOf(below(file));
    });
    assert.equal(wrong, []);
    assert.ok(
      order.every((name) => files.some((file) => below(file) === name)),
      folder,
    );
  }
});

test('there are no circular imports', () => {
  const graph = new Map<string, string[]>();
  for (const { file, target } of imports.filter(({ target }) => target.startsWith('.'))) {
    const to = relative(src, join(src, dirname(file), target)).replace(/\.js$/, '.ts');
    graph.set(file, [...(graph.get(file) ?? []), to]);
  }
  const done = new Set<string>();
  const circles: string[][] = [];
  const visit = (file: string, way: string[]) => {
    if (way.includes(file)) circles.push([...way.slice(way.indexOf(file)), file]);
    else if (!done.has(file)) for (const next of graph.get(file) ?? []) visit(next, [...way, file]);
    done.add(file);
  };
  for (const file of graph.keys()) visit(file, []);
  assert.equal(circles, []);
});

test('docs/architecture.md names every folder, and only existing files', () => {
  const root = dirname(src);
  const text = readFileSync(join(root, 'docs/architecture.md'), 'utf8');
  const named = [...text.matchAll(/`((?:src|hook|test|bench)\/[\w./-]+)`/g)].map(([, path]) => path as string);
  assert.ok(named.length > 15, `only ${named.length} paths found`);
  assert.equal(
    named.filter((path) => !existsSync(join(root, path))),
    [],
  );
  assert.equal(
    ORDER.filter((folder) => !text.includes(`| \`${folder}/\``)),
    [],
  );
});

test('every folder is in the order', () => {
  const folders = new Set(files.filter((file) => file.includes('/')).map(topOf));
  assert.equal(
    [...folders].filter((folder) => !ORDER.includes(folder)),
    [],
  );
});

test('only cli/ uses the process and the console', () => {
  const text = (file: string) => readFileSync(join(src, file), 'utf8').replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, '');
  const knowing = files.filter((file) => topOf(file) !== 'cli' && /(?<![\w-])(process|console)\.\w/.test(text(file)));
  assert.equal(knowing, []);
});

test('lib/ does not refer to this program or its subject', () => {
  const words = /hostdev|cpuset|libvirt|virsh|irqbalance|smp_affinity|\bdomains?\b/i;
  const knowing = files.filter((file) => topOf(file) === 'lib' && words.test(readFileSync(join(src, file), 'utf8')));
  assert.equal(knowing, []);
});

test('only one file contains the path of the runtime directory', () => {
  const text = (file: string) => readFileSync(join(src, file), 'utf8').replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, '');
  assert.equal(
    files.filter((file) => /run\/hostdev-cpuset(?!\.)/.test(text(file))),
    ['runtime/state-folder.ts'],
  );
});

test('src/watch stays small', () => {
  const own = files.filter((file) => topOf(file) === 'watch');
  const classes = own.flatMap((file) => readFileSync(join(src, file), 'utf8').match(/^(export )?class /gm) ?? []);
  assert.ok(own.length < 20, `${own.length} files`);
  assert.ok(classes.length <= 20, `${classes.length} classes`);
});

test('xml, domain, transform and lint use no Node modules except node:buffer', () => {
  const impure = imports.filter(
    ({ file, target }) =>
      /^(xml|domain|transform|lint)\//.test(file) && target.startsWith('node:') && target !== 'node:buffer',
  );
  assert.equal(impure, []);
});

const COMMENT = /^\s*(?:\/\/ |\/?\*{1,2} )/;
const topOf = (file: string) => file.split('/')[0] as string;

test('comment lines have at most 120 characters', () => {
  const folders = ['src', 'test', 'scripts', 'bench'].map((folder) => join(projectRoot, folder));
  const wide = folders.flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.(?:ts|mjs|cjs)$/.test(name))
      .flatMap((name) =>
        readFileSync(join(folder, name), 'utf8')
          .split('\n')
          .flatMap((line, index) => (line.length > 120 && COMMENT.test(line) ? `${folder}/${name}:${index + 1}` : [])),
      ),
  );
  assert.equal(wide, []);
});

test.run();
