// node scripts/release-notes.mjs vVERSION: prints the section of CHANGELOG.md for that version. Fails if the tag is not
// the version in package.json, or if the changelog has no dated section for it.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const read = (name) => readFileSync(fileURLToPath(new URL(`../${name}`, import.meta.url)), 'utf8');
const tag = process.argv[2] ?? '';
const { version } = JSON.parse(read('package.json'));
if (tag !== `v${version}`) fail(`the tag is ${JSON.stringify(tag)}, but package.json says version ${version}`);

const [, ...sections] = read('CHANGELOG.md').split(/^## /m);
const section = sections.find((text) => text.startsWith(`${version} - `));
if (!section) fail(`CHANGELOG.md has no section "## ${version} - DATE"`);
process.stdout.write(`${section.slice(section.indexOf('\n')).trim()}\n`);

function fail(problem) {
  console.error(`release-notes: ${problem}`);
  process.exit(1);
}
