// Generates the manual pages in man/. Reads the definitions of commands and rules from dist/.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostdevCpusetPage, lintDomainPage } from './commands.mjs';
import { configPage, metadataPage, rulesPage } from './references.mjs';

const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
/** For reproducible packages: the date of the sources. */
const { SOURCE_DATE_EPOCH } = process.env;
const date = (SOURCE_DATE_EPOCH ? new Date(Number(SOURCE_DATE_EPOCH) * 1000) : new Date()).toISOString().slice(0, 10);

export function buildManualPages() {
  rmSync('man', { recursive: true, force: true });
  mkdirSync('man');
  for (const page of [hostdevCpusetPage(), lintDomainPage(), configPage(), metadataPage(), rulesPage()]) {
    writeFileSync(`man/${page.name}.${page.section}`, textOf(page));
  }
}

function textOf({ name, section, about, body, seeAlso }) {
  const references = seeAlso.map((reference) => reference.replace(/^(.*)\((\d)\)$/, '.BR $1 ($2)'));
  return [
    `.TH ${name.toUpperCase()} ${section} ${date} "hostdev-cpuset ${version}"`,
    '.SH NAME',
    `${name} \\- ${about}`,
    folded(body.replace(/(\.S[HS] .*\n)\.PP\n/g, '$1').trimEnd()),
    '.SH SEE ALSO',
    `${references.join(',\n')}\n`,
  ].join('\n');
}

/** Wraps long lines outside of examples. */
function folded(body) {
  return body
    .split(/(\.EX\n[\s\S]*?\.EE\n)/)
    .map((part) => (part.startsWith('.EX') ? part : part.replace(/^[^.\n].{78,}$/gm, fold)))
    .join('');
}

function fold(line) {
  return line
    .replace(/(.{1,76})(?: |$)/g, '$1\n')
    .trimEnd()
    .replace(/\n([.'])/g, '\n\\&$1');
}
