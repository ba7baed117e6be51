import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { installFront } from '../hook/installed-front.js';
import { BOTH, SimulatedRoot } from '../hook/simulated-root.js';
import { projectRoot } from '../support/cli.js';
import { needs, nodeRelease, suiteWhere } from '../support/needs.js';
import { run } from '../support/run.js';
import { TemporaryFolder } from '../support/temporary-folder.js';

const test = suiteWhere('versions of Node', needs('node-releases'));
const { refused, tested } = JSON.parse(readFileSync(`${projectRoot}packaging/node-releases.json`, 'utf8'));
const program = (name: string) => `${projectRoot}dist/bin/${name}.cjs`;

/** The output of each program on an old Node. */
const refusal = (name: string) => `${name}: needs Node 18.17 or later: ${nodeRelease(refused)} is v${refused}\n`;

for (const [name, ...words] of [
  ['lint-domain', 'samples/gpu.xml'],
  ['hostdev-cpuset', 'status'],
  ['hostdev-cpuset', 'hook', 'guest', 'started', 'begin', '-'],
  ['hostdev-cpuset', 'install', '--dry-run'],
] as const)
  test(`${name} ${words[0]}: Node ${refused} is refused with one line and status 2`, async () => {
    const outcome = await run(nodeRelease(refused), [program(name), ...words], { cwd: projectRoot });
    assert.equal(outcome, { code: 2, stdout: '', stderr: refusal(name) });
  });

test(`the hook that libvirt runs reports Node ${refused} in one line, and the guest starts`, async () => {
  const root = new SimulatedRoot();
  try {
    const settings = { node: nodeRelease(refused), cli: program('hostdev-cpuset'), root: root.path, watcher: 'no' };
    const { code, stdout, stderr } = await run(installFront(root, settings), ['guest', 'started', 'begin', '-'], {
      input: BOTH,
    });
    assert.equal([code, stdout], [0, '']);
    assert.match(stderr, new RegExp(`^[^\\n]*${refusal('hostdev-cpuset').replace(/[.+]/g, '\\$&')}$`));
  } finally {
    root.remove();
  }
});

/** Test files that start each part of the program: the bundle, the hook, the watcher, V8's flags, the wasm engine. */
const FILES = [
  'cli/enforce',
  'cli/full-disk',
  'cli/systemd-notify',
  'hook/command',
  'lib/small-heap',
  'schema/libxml2-wasm',
];

for (const version of tested)
  test(`Node ${version} runs the tests of ${FILES.join(', ')}`, async () => {
    const folder = new TemporaryFolder();
    const { COMPILED } = await import(`${projectRoot}scripts/test/compile.mjs`);
    const outcomes = FILES.map(async (file) => {
      const result = folder.join(file.replace('/', '-'));
      const words = [
        `${projectRoot}scripts/test/run-file.cjs`,
        join(COMPILED, 'test', `${file}.test.js`),
        result,
        tmpdir(),
      ];
      const env = { ...process.env, HOSTDEV_CPUSET_SKIPS: folder.join('skips') };
      const { code, stdout, stderr } = await run(nodeRelease(version), [...words, 'plain'], { cwd: projectRoot, env });
      assert.is(code, 0, `${file}\n${stdout}${stderr}`);
      const { suites, finished } = JSON.parse(readFileSync(result, 'utf8'));
      assert.ok(finished && suites.some(({ passed }: { passed: number }) => passed > 0), file);
    });
    try {
      await Promise.all(outcomes);
    } finally {
      await Promise.allSettled(outcomes);
      folder.remove();
    }
  });

test.run();
