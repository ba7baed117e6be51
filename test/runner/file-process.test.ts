import { mkdirSync, symlinkSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { projectRoot } from '../support/cli.js';
import { concurrent } from '../support/concurrent.js';
import { TemporaryFolder } from '../support/temporary-folder.js';

interface Outcome {
  passed: number;
  failed: number;
  skipped: number;
  failures: string[];
  output: string;
}
type RunFile = (file: string, options: object) => Promise<Outcome>;
type Compile = (root: string, modules: string[], output: string) => Promise<string>;

const test = suite('one test file in a process');
const runner = concurrent(test);

/** Runs a file with one suite, `one`, and this code. */
async function runCode(code: string, timeLimitMs = 60_000): Promise<Outcome> {
  const { runFile } = (await import(`${projectRoot}scripts/test/file-process.mjs`)) as { runFile: RunFile };
  const { compile } = (await import(`${projectRoot}scripts/test/compile.mjs`)) as { compile: Compile };
  const folder = new TemporaryFolder();
  try {
    symlinkSync(`${projectRoot}node_modules`, folder.join('node_modules'));
    folder.write('one.test.ts', `import { suite } from 'uvu';\nconst one = suite('one');\n${code}`);
    const compiled = await compile(folder.path, ['one.test.ts'], 'compiled');
    mkdirSync(folder.join('run'));
    const options = { compiled, folder: folder.join('run'), timeLimitMs, env: process.env, color: false };
    return await runFile('one.test.ts', options);
  } finally {
    folder.remove();
  }
}

async function failsWith(code: string, failure: RegExp, counts: Partial<Outcome> = {}, timeLimitMs?: number) {
  const outcome = await runCode(code, timeLimitMs);
  assert.match(outcome.failures.join('\n'), failure);
  const { passed, failed } = outcome;
  assert.equal({ passed, failed }, { passed: 0, failed: 1, ...counts }, outcome.output);
}

const PASSING = "one('passes', () => {});\n";

runner('tests that pass and tests that are skipped are counted', async () => {
  const { passed, failed, skipped, failures } = await runCode(`${PASSING}one.skip('later');\none.run();`);
  assert.equal({ passed, failed, skipped, failures }, { passed: 1, failed: 0, skipped: 1, failures: [] });
});

runner('a test that fails is reported with its name and place', () =>
  failsWith(
    `${PASSING}one('fails', () => { throw new Error('the reason'); });\none.run();`,
    /"fails"\s+the reason[\s\S]*one\.test\.ts:4/,
    {
      passed: 1,
    },
  ),
);

runner('a suite without run() fails', () => failsWith(PASSING, /"one" is not run: run\(\) is missing/));

runner('tests declared after run() fail', () =>
  failsWith(`${PASSING}one.run();\none('late', () => {});`, /"one": 1 of its 2 tests started/, { passed: 1 }),
);

runner('a file without tests fails', () => failsWith('one.run();', /it has no tests/));

runner('a leftover only() fails', () =>
  failsWith(`${PASSING}one.only('alone', () => {});\none.run();`, /runs 1 of 2 tests: only\(\) is left in it/, {
    passed: 1,
  }),
);

const HOOK = "throw new Error('the hook');";
runner('a before hook that fails is reported, and its tests fail', () =>
  failsWith(
    `one.before(() => { ${HOOK} });\n${PASSING}${PASSING}one.run();`,
    /before hook of "one" failed: Error: the hook/,
    {
      failed: 2,
    },
  ),
);

for (const hook of ['before.each', 'after.each', 'after'])
  runner(`a failing ${hook} hook is reported`, async () => {
    const { failed, failures } = await runCode(`one.${hook}(() => { ${HOOK} });\n${PASSING}one.run();`);
    assert.ok(failed > 0);
    assert.match(failures.join('\n'), /the hook/);
  });

for (const [name, statement, failure] of [
  ['an exit', 'process.exit(0);', /ended with status 0 before its tests did/],
  [
    'an unhandled rejection',
    "Promise.reject(new Error('lost')); await new Promise((r) => setTimeout(r, 50));",
    /ended with status 1 before/,
  ],
  [
    'an uncaught exception',
    "setTimeout(() => { throw new Error('lost'); }); await new Promise((r) => setTimeout(r, 50));",
    /ended with status 1/,
  ],
  ['a promise that never settles', 'await new Promise(() => {});', /ended with status 0 before its tests did/],
  ['a signal', "process.kill(process.pid, 'SIGKILL');", /ended by SIGKILL/],
] as const)
  runner(`${name} in a test fails`, async () => {
    const { failed, failures } = await runCode(`one('ends', async () => { ${statement} });\none.run();`);
    assert.is(failed, 1);
    assert.match(failures.join('\n'), failure);
  });

runner('a file that cannot be loaded fails, with the error in its output', async () => {
  const { failed, output } = await runCode("throw new Error('at load');");
  assert.is(failed, 1);
  assert.match(output, /at load/);
});

runner('a file that hangs is killed at its time limit', () =>
  failsWith("one('hangs', () => { for (;;); });\none.run();", /still runs after 1 s: it was killed/, {}, 1000),
);

runner('resources that keep the process alive after the last test are reported', () =>
  failsWith(`one('waits', () => void setTimeout(() => {}, 60_000));\none.run();`, /still open .*: Timeout/, {
    passed: 1,
  }),
);

runner('a process that outlives its test is ended and reported', () =>
  failsWith(
    `one('starts', async () => { (await import('node:child_process')).spawn('sleep', ['60'], { stdio: 'ignore' }).unref(); });\none.run();`,
    /left running: sleep/,
    { passed: 1 },
  ),
);

runner('a file left in the temporary directory is reported', () =>
  failsWith(
    `one('writes', async () => { const { tmpdir } = await import('node:os');
    (await import('node:fs')).writeFileSync(tmpdir() + '/left', ''); });\none.run();`,
    /left in the temporary folder: left$/,
    { passed: 1 },
  ),
);

test.run();
