// Run by journal.test.ts with its own journald: writes entries like the watcher, and waits until they are sent.
import { JOURNAL_FIELD_SOCKET, JournaldWriter } from '../../src/lib/journald.js';
import { type JournalEntry, journalFields } from '../../src/watch/output/journal-entry.js';

const plain: string[] = [];
const journal = new JournaldWriter({ socket: JOURNAL_FIELD_SOCKET, pid: process.pid, env: process.env });
const write = (entry: JournalEntry) => journal.write(journalFields(entry), () => plain.push(entry.text));
write({
  priority: 'warning',
  text: 'guest: contested',
  domains: ['guest'],
  addresses: ['0000:82:00.0', '0000:83:00.0'],
  irqs: [41, 42],
});
write({ priority: 'info', text: 'two\nlines', domains: ['a\n_UID=7'] });
void journal.flush().then(() => {
  journal.close();
  if (plain.length > 0) throw new Error(`not sent:  ${plain.join()}`);
});
