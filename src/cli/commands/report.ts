import { plainMessage } from '../../lib/errno.js';
import { isExpected, ToolError } from '../../lib/errors.js';
import { type FleetHost, fleetOf } from '../../report/fleet.js';
import { fleetText } from '../../report/fleet-text.js';
import { fleetPage } from '../../report/html/fleet-page.js';
import { type HostDocument, parseReport } from '../../report/parse-report.js';
import { colorsFor } from '../colors.js';
import { readInput, STDIN_NAME, UnreadableError } from '../files/read-input.js';
import { writeOutputFile } from '../files/write-file.js';
import { EXIT, errorLine, type Io } from '../io.js';
import { checkLine, resultLine } from './status-check.js';

export interface ReportOptions {
  /** documents of `status --json`, `-` for standard input */
  paths: string[];
  /** one line per guest */
  details?: boolean | undefined;
  /** print one line with the overall result */
  check?: boolean | undefined;
  /** write an HTML page to this file, `-` for standard output */
  html?: string | undefined;
  /** in seconds */
  maxAge?: number | undefined;
}

/** `report`: merges the status of many hosts; returns the exit status. */
export function reportCommand(options: ReportOptions, io: Io): number {
  const documents: { source: string; document: HostDocument }[] = [];
  const unread: string[] = [];
  const attempt = (source: string, read: () => void) => {
    try {
      read();
    } catch (error) {
      if (!isExpected(error)) throw error;
      const message = plainMessage(error);
      unread.push(error instanceof UnreadableError ? message : `${source}: ${message}`);
    }
  };
  for (const path of options.paths) {
    const source = path === '-' ? STDIN_NAME : path;
    attempt(source, () => {
      const texts = documentsIn(readInput(path, io.stdin.fd, MAX_FILE_BYTES));
      for (const [index, text] of texts.entries()) {
        const place = texts.length > 1 ? `${source}: document ${index + 1}` : source;
        attempt(place, () => documents.push({ source, document: parseReport(text) }));
      }
    });
  }
  const maxAgeMs = options.maxAge === undefined ? undefined : options.maxAge * 1000;
  const hosts = fleetOf(documents, { now: new Date(), maxAgeMs });
  for (const { name, sources } of hosts.filter((host) => host.sources.length > 1))
    io.stderr.write(errorLine('note', `only the latest document of host ${name} counts: ${sources.join(', ')}`));
  // unread files are always reported; the rest is shown all the same
  for (const message of options.check ? [] : unread) io.stderr.write(errorLine('hostdev-cpuset', message));
  const isWrong = options.check ? check(hosts, unread, io) : show(hosts, options, io);
  if (unread.length > 0) return EXIT.failed;
  return isWrong ? EXIT.findings : EXIT.ok;
}

/** A document of 40 guests has 2 to 4 MB; `status --watch --json` writes one after the other. */
const MAX_FILE_BYTES = 256 * 1024 * 1024;

/**
 * The documents of one host, or of several, one after the other.
 * @throws ToolError
 */
function documentsIn(bytes: Uint8Array): string[] {
  if (bytes.length > MAX_FILE_BYTES) throw new ToolError(`larger than ${MAX_FILE_BYTES / 1024 / 1024} MiB`);
  const text = new TextDecoder().decode(bytes).trim();
  if (text === '') throw new ToolError('it is empty: was the host reached?');
  return text.split(/\n(?=\{)/);
}

function show(hosts: readonly FleetHost[], { html, details = false }: ReportOptions, io: Io): boolean {
  if (html === undefined) io.stdout.write(fleetText(hosts, details, colorsFor(io.stdout, io.env), io.columns()));
  else {
    const page = fleetPage(hosts, new Date());
    if (html === '-') io.stdout.write(page);
    else writeOutputFile(html, page);
  }
  return false;
}

/** Prints one line; returns whether anything is wrong. */
function check(hosts: readonly FleetHost[], unread: readonly string[], io: Io): boolean {
  const listed = (key: 'faults' | 'unseen') =>
    hosts.flatMap(({ name, [key]: texts }) => (texts.length > 0 ? `${name}: ${texts.join(', ')}` : []));
  const [faults, unseen] = [listed('faults'), listed('unseen')];
  // as of `status --check`, the first word goes with the exit status
  if (unread.length > 0) io.stdout.write(checkLine('FAILED', [...unread, ...faults, ...unseen].join('; ')));
  if (unread.length > 0) return true;
  const guests = hosts.flatMap((host) => host.guests);
  const inPlace = guests.reduce((sum, guest) => sum + guest.inPlace, 0);
  io.stdout.write(resultLine(faults, { inPlace, guests: guests.length, unseen }));
  return faults.length > 0;
}
