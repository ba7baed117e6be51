import { existsSync } from 'node:fs';
import type { LogLine } from './log-line.js';

/** Where journald takes lines as a service prints them (systemd-cat's way): the one of its sockets that is a stream. */
export const JOURNAL_SOCKET = '/run/systemd/journal/stdout';

const IDENTIFIER = 'hostdev-cpuset';
/** Milliseconds that a journal which does not answer may cost. */
const PATIENCE = 500;
/** syslog(3) */
export const LEVELS: Record<LogLine['priority'], number> = { error: 3, warning: 4, info: 6, debug: 7 };

/** Hands lines to the journal; false where there is none, or it does not take them. */
export async function sendToJournal(socket: string, lines: readonly LogLine[]): Promise<boolean> {
  if (!existsSync(socket)) return false;
  const { connect } = await import('node:net');
  return new Promise((resolve) => {
    const connection = connect(socket);
    const finish = (sent: boolean) => {
      clearTimeout(timer);
      connection.destroy();
      resolve(sent);
    };
    const timer = setTimeout(finish, PATIENCE, false);
    connection.on('error', () => finish(false));
    connection.end(journalStream(lines), () => finish(true));
  });
}

/**
 * A head of seven lines: identifier, unit (for root's own use), priority, whether a line may begin with its own, and three
 * times whether to pass it on elsewhere; then the lines. Source: systemd, src/journal/journald-stream.c.
 */
export function journalStream(lines: readonly LogLine[]): string {
  const head = [IDENTIFIER, '', LEVELS.info, 1, 0, 0, 0];
  return `${head.map((line) => `${line}\n`).join('')}${prefixedLines(lines)}`;
}

/** Lines that begin with their priority, as services print them for the journal, and `logger --prio-prefix` reads them. */
export function prefixedLines(lines: readonly LogLine[]): string {
  return lines.map(({ priority, text }) => `<${LEVELS[priority]}>${text}\n`).join('');
}
