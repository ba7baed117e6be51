// Linting one file, valid or not: the time in relation to that of Node itself.
import { writeFaultyGuests, writeGuests } from './guests.mjs';
import { inTurn, lintDomain, ms, report, run } from './measure.mjs';

export default function cold() {
  const [valid] = writeGuests(1);
  const [invalid] = writeFaultyGuests(1);
  const [node, lint, explain] = inTurn(41, [
    () => void run(process.execPath, ['-e', '0']),
    () => void run(process.execPath, [lintDomain, valid]),
    () => void run(process.execPath, [lintDomain, invalid], { status: 1 }),
  ]);
  const base = `node -e 0 ${ms(node)}`;
  report('cold: valid', `${base}, lint-domain f.xml ${ms(lint)}`, lint / node, { most: 1.3 });
  report('cold: invalid', `${base}, lint-domain f.xml ${ms(explain)}`, explain / node, { most: 2 });
}
