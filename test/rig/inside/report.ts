import { openSync, writeSync } from 'node:fs';

/** The output of the emulated host: JSON, one message per line. */
export type Message =
  | { type: 'note'; text: string }
  | { type: 'passed' | 'failed' | 'skipped'; title: string; seconds: number; text: string }
  | { type: 'end' };

/** The second serial port, which is QEMU's standard output. */
const line = openSync('/dev/report', 'w');

export function report(message: Message): void {
  const text = Buffer.from(`${JSON.stringify(message)}\n`);
  for (let written = 0; written < text.length; ) written += writeSync(line, text, written);
}
