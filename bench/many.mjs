// Linting many files: compared with one call of xmllint, and with libvirt's virt-xml-validate, which takes one file per
// call.
import { join } from 'node:path';
import { writeGuests } from './guests.mjs';
import { inTurn, isInstalled, lintDomain, missing, report, root, run } from './measure.mjs';

const grammar = join(root, 'rng/domain.rng');

export default function many() {
  const files = writeGuests(1000);
  const looped = writeGuests(40, 'plain', { policies: false });
  const virtXmlValidate = () => {
    for (const file of looped) run('virt-xml-validate', [file, 'domain']);
  };
  const [xmllint, lint, loop] = inTurn(9, [
    () => void run('xmllint', ['--noout', '--relaxng', grammar, ...files]),
    () => void run(process.execPath, [lintDomain, ...files]),
    ...(isInstalled('virt-xml-validate') ? [virtXmlValidate] : []),
  ]);
  const rate = (time, count) => `${Math.round((count / time) * 1000)} documents/s`;
  const ours = `lint-domain ${rate(lint, files.length)}`;
  report('many: xmllint', `xmllint ${rate(xmllint, files.length)}, ${ours}`, xmllint / lint, { least: 0.8 });
  if (loop === undefined) return missing('many: loop', 'virt-xml-validate (Debian package libvirt-clients)');
  const ratio = loop / looped.length / (lint / files.length);
  report('many: loop', `virt-xml-validate ${rate(loop, looped.length)}, ${ours}`, ratio, { least: 30 });
}
