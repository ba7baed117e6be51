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
  refuseTogether,
  type Take,
} from './shared.js';

const ABOUT = 'show where interrupts are and should be delivered';
const WORDS = 'DOMAIN: name, ID or UUID; or FILE: -, ./a, a.xml\nNone: all running domains, a line each';
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
        .epilogue('Exit status: 0 success, 1 not placed or --check found a problem, 2 failed.')
        .option('json', { type: 'boolean', describe: 'print JSON' })
        .example('$0 status --misplaced --details', 'what is not in place')
        .example('virsh dumpxml guest | $0 status -', 'read a definition from a pipe'),
    (given) => {
      const { _: words, domain = [], connect, root, json, details, html, check } = given;
      const watch = intervalOf(given.watch);
      const sample = sampleOf(given.sample);
      const only = STATE_FILTERS.filter((state) => given[state]);
      if (html === '') throw new ToolError('--html takes a file, or - for standard output');
      const filters = Object.fromEntries(only.map((state) => [state, true]));
      if (html !== undefined) refuseTogether('html', { watch, json, details, sample: sample || undefined, ...filters });
      if (check) refuseTogether('check', { watch, json, html, details, sample: sample || undefined, ...filters });
      const named = domainsAndFiles(pathsOf(words, 'status'), domain);
      if (sample && named.paths.length + named.domains.length === 0)
        throw new ToolError('--sample needs the name of a domain, or a file');
      take({
        command: 'status',
        options: {
          ...named,
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
    .option('details', { type: 'boolean', describe: 'a line for each interrupt (default with DOMAIN)' })
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
  const seconds = secondsOf(text);
  if (seconds >= 0 && seconds <= MAX_SAMPLE) return seconds;
  throw new ToolError(`--sample takes 0 to ${MAX_SAMPLE} seconds`);
}

function intervalOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (text === '') return INTERVAL.default;
  const seconds = secondsOf(text);
  if (seconds >= INTERVAL.least && seconds <= INTERVAL.most) return seconds;
  throw new ToolError(`--watch takes ${INTERVAL.least} to ${INTERVAL.most} seconds`);
}

const secondsOf = (text: string) => (/^(\d+\.?\d*|\.\d+)$/.test(text) ? Number(text) : Number.NaN);
