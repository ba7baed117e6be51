import type { Argv } from 'yargs';
import { ToolError } from '../../lib/errors.js';
import { pathsOf, refuseTogether, type Take } from './shared.js';

const ABOUT = 'merge the status of many hosts';
const FILE = 'FILE: output of status --json, of one host or several; - for standard input';

export function reportCommand(parser: Argv, take: Take): void {
  parser.command(
    'report',
    ABOUT,
    (options) =>
      options
        .usage(`Usage: $0 report [options] FILE...\n\n${ABOUT}\n${FILE}`)
        .epilogue('Exit status: 0 success, 1 --check found a problem, 2 a file cannot be used.')
        .option('details', { type: 'boolean', describe: 'a line for each guest' })
        .option('check', { type: 'boolean', describe: 'for monitoring: one line, exit 1 on a problem' })
        .option('html', {
          type: 'string',
          requiresArg: true,
          describe: 'write a web page to FILE (-: standard output)',
        })
        .option('max-age', {
          type: 'string',
          requiresArg: true,
          describe: 'a document older than SECONDS is a problem',
        })
        .example('ssh host hostdev-cpuset status --json > host.json', 'the status of a host')
        .example('$0 report *.json', 'the status of all'),
    ({ _: words, details, check, html, 'max-age': maxAge }) => {
      if (html === '') throw new ToolError('--html takes a file, or - for standard output');
      if (check) refuseTogether('check', { details, html });
      if (html !== undefined) refuseTogether('html', { details });
      if (maxAge !== undefined && !/^\d{1,9}$/.test(maxAge))
        throw new ToolError('--max-age takes a whole number of seconds');
      const age = maxAge === undefined ? undefined : Number(maxAge);
      take({ command: 'report', options: { paths: pathsOf(words, 'report'), details, check, html, maxAge: age } });
    },
  );
}
