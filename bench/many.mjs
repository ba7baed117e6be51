// Linting many files, valid or a third of them not: compared with one call of xmllint, and with libvirt's
// virt-xml-validate, which takes one file per call.
import { join } from 'node:path';
import { writeFaultyGuests, writeGuests } from './guests.mjs';
import { inTurn, isInstalled, lintDomain, missing, report, root, run } from './measure.mjs';

const grammar = join(root, 'rng/domain.rng');
const INVALID_FOR_XMLLINT = 3;

export default function many() {
  const files = writeGuests(1000);
  const faulty = writeFaultyGuests(333);
  const mixed = [...faulty, ...files.slice(faulty.length)];
  const looped = writeGuests(40, 'plain', { policies: false });
  const virtXmlValidate = () => {
    for (const file of looped) run('virt-xml-validate', [file, 'domain']);
  };
  const xmllint = (paths, options) => run('xmllint', ['--noout', '--relaxng', grammar, ...paths], options);
  const [allByXmllint, all, mixedByXmllint, someInvalid, loop] = inTurn(9, [
    () => void xmllint(files),
    () => void run(process.execPath, [lintDomain, ...files]),
    () => void xmllint(mixed, { status: INVALID_FOR_XMLLINT }),
    () => void run(process.execPath, [lintDomain, ...mixed], { status: 1 }),
    ...(isInstalled('virt-xml-validate') ? [virtXmlValidate] : []),
  ]);
  const rate = (time, count = files.length) => `${Math.round((count / time) * 1000)} documents/s`;
  const both = (theirs, ours) => `xmllint ${rate(theirs)}, lint-domain ${rate(ours)}`;
  report('many: xmllint', both(allByXmllint, all), allByXmllint / all, { least: 1.5 });
  const ratio = mixedByXmllint / someInvalid;
  report('many: xmllint, a third invalid', both(mixedByXmllint, someInvalid), ratio, { least: 1 });
  if (loop === undefined) return missing('many: loop', 'virt-xml-validate (Debian package libvirt-clients)');
  const sides = `virt-xml-validate ${rate(loop, looped.length)}, lint-domain ${rate(all)}`;
  report('many: loop', sides, loop / looped.length / (all / files.length), { least: 50 });
}
