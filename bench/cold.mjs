// Linting one file: the start time in relation to that of Node itself.
import { writeGuests } from './guests.mjs';
import { inTurn, lintDomain, ms, report, run } from './measure.mjs';

export default function cold() {
  const [file] = writeGuests(1);
  const [node, lint] = inTurn(41, [
    () => void run(process.execPath, ['-e', '0']),
    () => void run(process.execPath, [lintDomain, file]),
  ]);
  const sides = `node -e 0 ${ms(node)}, lint-domain f.xml ${ms(lint)}`;
  report('cold', sides, lint / node, { most: 1.5 });
}
