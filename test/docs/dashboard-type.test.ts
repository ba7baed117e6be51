import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { projectRoot } from '../support/cli.js';
import { monitoringFolder } from '../support/monitoring.js';
import { TemporaryFolder } from '../support/temporary-folder.js';

const test = suite("dashboard and Grafana's published type");
const packages = join(projectRoot, 'node_modules');

/**
 * The values of enums count as their texts and numbers. Grafana also writes `definition` in variables, which the type
 * does not have.
 */
const HEAD = `import type { Dashboard, Panel, VariableModel } from '@grafana/schema';
type Plain<T> = T extends string ? \`\${T}\` : T extends number ? number
  : T extends readonly (infer One)[] ? Plain<One>[] : T extends object ? { [Name in keyof T]: Plain<T[Name]> } : T;
type Variable = VariableModel & { definition?: string };
type Expected = Plain<Omit<Dashboard, 'panels' | 'templating'>
  & { panels: Panel[]; templating: { list: Variable[] } }>;
export const dashboard: Expected = `;

let folder: TemporaryFolder;
test.before.each(() => {
  folder = new TemporaryFolder();
});
test.after.each(() => folder.remove());

/** The messages of the compiler, one a line. */
function faultsOf(dashboard: string): string {
  const types = join(packages, '@grafana/schema/dist/esm/index.d.ts');
  const options = {
    ...{ module: 'esnext', moduleResolution: 'bundler', target: 'es2022', strict: true, skipLibCheck: true },
    ...{ noEmit: true, types: [], paths: { '@grafana/schema': [types] } },
  };
  folder.write('tsconfig.json', JSON.stringify({ compilerOptions: options, files: ['dashboard.ts'] }));
  folder.write('dashboard.ts', `${HEAD}${dashboard};\n`);
  const compiler = join(dirname(require.resolve('typescript/package.json')), 'bin/tsc');
  const { stdout, error } = spawnSync(process.execPath, [compiler, '-p', folder.path, '--pretty', 'false'], {
    encoding: 'utf8',
  });
  assert.is(error, undefined);
  return stdout;
}

const text = readFileSync(join(monitoringFolder, 'dashboard.json'), 'utf8');

test('it has the type', () => {
  assert.is(faultsOf(text), '');
});

test('an unknown member, a wrong value and a missing one are found', () => {
  const value = JSON.parse(text);
  for (const [wrong, expected] of [
    [{ ...value, titel: 'x' }, /titel/],
    [{ ...value, style: 'bright' }, /style/],
    [{ ...value, templating: { list: [{ name: 'x' }] } }, /type/],
    [
      {
        ...value,
        panels: [{ ...value.panels[0], fieldConfig: { defaults: { thresholds: { mode: 'some', steps: [] } } } }],
      },
      /"some"/,
    ],
  ] as const)
    assert.match(faultsOf(JSON.stringify(wrong)), expected);
});

test.run();
