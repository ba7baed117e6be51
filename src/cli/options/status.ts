import type { Argv } from 'yargs';
import { ToolError } from '../../lib/errors.js';
import { STATE_FILTERS, type StateFilter } from '../status/state-filter.js';
import {
  discoveriesOf,
  discoverOption,
  domainOption,
  domainsAndFiles,
  hostOptions,
  pathsOf,
  type Take,
} from './shared.js';

const ABOUT = 'show where interrupts are and should be delivered';
const WORDS = 'DOMAIN: name, ID or UUID, none: a line each; or FILE: -, ./a, a.xml';
const ONLY: Record<StateFilter, string> = {
  misplaced: 'only what is not where the policy wants it',
  remote: "only what is not on the device's node",
  contested: 'only what another program keeps moving',
};

export function statusCommand(parser: Argv, take: Take): void {
  parser.command(
    'status',
    ABOUT,
    (options) =>
      domainOption(statusOptions(discoverOption(hostOptions(options))))
        .usage(`Usage: $0 status [options] [DOMAIN...]\n\n${ABOUT}\n${WORDS}`)
        .epilogue('Exit status: 0 success, 1 not placed or a problem of --check, 2 command failed.')
        .option('json', { type: 'boolean', describe: 'print JSON' })
        .example('$0 status --misplaced --details', 'what is not in place')
        .example('virsh dumpxml guest | $0 status -', 'read a definition from a pipe'),
    (given) => {
      const { _: words, domain = [], connect, root, json, details, html, check } = given;
      const { watch, word } = intervalOf(given.watch);
      const sample = sampleOf(given.sample);
      const only = STATE_FILTERS.filter((state) => given[state]);
      if (html === '') throw new ToolError('--html takes a file, or - for standard output');
      if (html !== undefined && (watch !== undefined || json))
        throw new ToolError('--html goes without --watch and --json');
      if (html !== undefined && only.length > 0) throw new ToolError(`--html goes without --${only[0]}`);
      if (check && (watch !== undefined || json || html !== undefined || details || only.length > 0))
        throw new ToolError('--check goes without --details, --json, --html, --watch and filters');
      take({
        command: 'status',
        options: {
          ...domainsAndFiles([...pathsOf(words, 'status'), ...word], domain),
          ...{
            connect,
            root,
            discover: discoveriesOf(given.discover),
            json,
            details,
            only,
            check,
            watch,
            html,
            sample,
          },
        },
      });
    },
  );
}

function statusOptions<T>(command: Argv<T>) {
  return command
    .option('details', { type: 'boolean', describe: 'a line for each interrupt, as with names' })
    .option('misplaced', { type: 'boolean', describe: ONLY.misplaced })
    .option('remote', { type: 'boolean', describe: ONLY.remote })
    .option('contested', { type: 'boolean', describe: ONLY.contested })
    .option('check', { type: 'boolean', describe: 'for monitoring: one line, exit 1 on a problem' })
    .option('watch', { alias: 'w', type: 'string', describe: 'refresh every SECONDS (default 2)' })
    .option('sample', {
      type: 'string',
      requiresArg: true,
      describe: 'count interrupts for SECONDS (default 1, 0: do not)',
    })
    .option('html', { type: 'string', requiresArg: true, describe: 'write a web page to FILE (-: standard output)' });
}

/** In seconds. */
const INTERVAL = { default: 2, least: 0.1, most: 86_400 };

const MAX_SAMPLE = 3600;

function sampleOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const seconds = /^(\d+\.?\d*|\.\d+)$/.test(text) ? Number(text) : Number.NaN;
  if (seconds >= 0 && seconds <= MAX_SAMPLE) return seconds;
  throw new ToolError(`--sample takes 0 to ${MAX_SAMPLE} seconds`);
}

/** SECONDS is optional: in `--watch guest` the word is a domain's name. */
function intervalOf(watched: string | undefined): { watch: number | undefined; word: string[] } {
  if (watched === undefined) return { watch: undefined, word: [] };
  if (!/^\d*\.?\d*$/.test(watched)) return { watch: INTERVAL.default, word: [watched] };
  const watch = watched === '' ? INTERVAL.default : Number(watched);
  if (watch >= INTERVAL.least && watch <= INTERVAL.most) return { watch, word: [] };
  throw new ToolError(`--watch takes ${INTERVAL.least} to ${INTERVAL.most} seconds`);
}
