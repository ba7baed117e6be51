// npm run release [-- --output DIRECTORY] [--quick] [PACKAGE...]: makes everything that a release consists of, in
// dist-release/: the packages (see scripts/build-packages.mjs), a list of their components (SBOM, CycloneDX), the notes
// from CHANGELOG.md and the checksums. Needs npm 10 for the SBOM.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import util from 'node:util';
import { ensureInstalled } from './install.mjs';
import { sourceDate } from './packages/source.mjs';
import { RELEASES } from './program-releases.mjs';

const options = { output: { type: 'string', default: 'dist-release' }, quick: { type: 'boolean', default: false } };
const { values, positionals } = util.parseArgs({ options, allowPositionals: true });
const folder = resolve(values.output);
process.chdir(fileURLToPath(new URL('..', import.meta.url)));
ensureInstalled();
const { name, version } = JSON.parse(readFileSync('package.json', 'utf8'));
const date = sourceDate();

// first, because they fail if the version has no notes
const notes = execFileSync(process.execPath, ['scripts/release-notes.mjs', `v${version}`], {
  stdio: ['ignore', 'pipe', 'inherit'],
});
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder);
const words = ['scripts/build-packages.mjs', '--output', folder, ...(values.quick ? ['--quick'] : []), ...positionals];
execFileSync(process.execPath, words, {
  env: { ...process.env, SOURCE_DATE_EPOCH: `${date}` },
  stdio: ['ignore', 'inherit', 'inherit'],
});
writeFileSync(join(folder, 'NOTES.md'), notes);
writeFileSync(join(folder, `hostdev-cpuset-${version}.cdx.json`), componentList());
const sums = readdirSync(folder)
  .sort()
  .map((name) => `${sha256(readFileSync(join(folder, name)))}  ${name}\n`);
writeFileSync(join(folder, 'SHA256SUMS'), sums.join(''));
console.log(`${folder}: ${readdirSync(folder).length} files`);

/** What the packages contain, in CycloneDX, with the private Node. The same sources give the same text. */
function componentList() {
  const command = [
    'sbom',
    '--omit=dev',
    '--omit=optional',
    '--omit=peer',
    '--sbom-format=cyclonedx',
    '--sbom-type=application',
    '--package-lock-only',
  ];
  const list = JSON.parse(execFileSync('npm', command, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }));
  for (const architecture of ['x64', 'arm64']) {
    const module = `node-linux-${architecture}`;
    const integrity = RELEASES.integrity[`${module}@${RELEASES.private}`];
    const content = Buffer.from(integrity.slice('sha512-'.length), 'base64').toString('hex');
    const purl = `pkg:npm/${module}@${RELEASES.private}`;
    const hashes = [{ alg: 'SHA-512', content }];
    list.components.push({
      type: 'library',
      'bom-ref': `${module}@${RELEASES.private}`,
      name: module,
      version: RELEASES.private,
      purl,
      hashes,
    });
  }
  list.metadata.component.name = name;
  list.metadata.timestamp = new Date(date * 1000).toISOString();
  delete list.serialNumber;
  const digest = sha256(JSON.stringify(list));
  // a UUID of version 8: from the content
  const [, ...parts] = /^(.{8})(.{4}).(.{3}).(.{3})(.{12})/.exec(digest);
  list.serialNumber = `urn:uuid:${parts[0]}-${parts[1]}-8${parts[2]}-8${parts[3]}-${parts[4]}`;
  return `${JSON.stringify(list, null, 2)}\n`;
}

function sha256(data) {
  return createHash('sha256').update(data).digest('hex');
}
