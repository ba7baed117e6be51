// Run by journal.test.ts where a journald of its own listens: writes what the watcher would, and waits until it is sent.
import { FIELD_SOCKET, JournaldWriter } from '../../src/watch/output/journald.js';

const plain: string[] = [];
const journal = new JournaldWriter(({ text }) => plain.push(text), FIELD_SOCKET);
journal.write({
  priority: 'warning',
  text: 'guest: contested',
  domains: ['guest'],
  addresses: ['0000:82:00.0', '0000:83:00.0'],
  irqs: [41, 42],
});
journal.write({ priority: 'info', text: 'two\nlines', domains: ['a\n_UID=7'] });
void journal.flush().then(() => {
  journal.close();
  if (plain.length > 0) throw new Error(`not taken: ${plain.join()}`);
});
