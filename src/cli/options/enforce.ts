import type { Argv } from 'yargs';
import { ToolError } from '../../lib/errors.js';
import type { EnforceOptions } from '../host/domain-source.js';
import { hostOptions, pathsOf, type Take } from './shared.js';

const ABOUT = {
  plan: 'show what would be written on this host, and why',
  enforce: 'set the interrupt affinities of domains, once',
  status: 'show where each interrupt is and should be delivered',
};
const FILES_OR_DOMAINS = 'FILE: domain XML; - or none for standard input, unless --domain is given';
const DOMAINS = 'DOMAIN: name, ID or UUID, none for all running domains; or FILE: -, ./a, a.xml';

export function enforceCommand(parser: Argv, name: EnforceOptions['command'], take: Take): void {
  const isStatus = name === 'status';
  const usage = `Usage: $0 ${name} [options] ${isStatus ? '[DOMAIN...]' : '[FILE...]'}\n\n${ABOUT[name]}`;
  parser.command(
    name,
    ABOUT[name],
    (options) =>
      hostOptions(isStatus ? statusOptions(options) : options)
        .usage(`${usage}\n${isStatus ? DOMAINS : FILES_OR_DOMAINS}`)
        .epilogue('Exit status: 0 success, 1 an interrupt was not placed, 2 the command failed.')
        .option('domain', {
          alias: 'd',
          type: 'string',
          array: true,
          requiresArg: true,
          describe: 'domain name, ID or UUID',
        })
        .option('json', { type: 'boolean', describe: 'print JSON' })
        .example(`virsh dumpxml guest | $0 ${name}${isStatus ? ' -' : ''}`, 'read a definition from a pipe'),
    ({ _: words, domain = [], connect, root, json, watch: watched, html, sample: sampled }) => {
      const { watch, word } = intervalOf(watched as string | undefined);
      if (watch !== undefined && json) throw new ToolError('--watch and --json exclude each other');
      if (html === '') throw new ToolError('--html takes a file, or - for standard output');
      if (html !== undefined && (watch !== undefined || json))
        throw new ToolError('--html goes without --watch and --json');
      const sample = sampleOf(sampled as string | undefined);
      const views = {
        ...(sample === undefined ? {} : { sample }),
        ...(watch === undefined ? {} : { watch }),
        ...(html === undefined ? {} : { html: html as string }),
      };
      const named = [...pathsOf(words, name), ...word];
      const isFile = (word: string) => !isStatus || word === '-' || /\/|\.xml$/.test(word);
      const domains = [...domain, ...named.filter((word) => !isFile(word))];
      take({
        command: 'enforce',
        options: {
          command: name,
          paths: named.filter(isFile),
          domains,
          connect,
          root,
          json,
          ...views,
        },
      });
    },
  );
}

function statusOptions<T>(command: Argv<T>) {
  return command
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

/** SECONDS is optional: `--watch guest` has a domain's name there. */
function intervalOf(watched: string | undefined): { watch: number | undefined; word: string[] } {
  if (watched === undefined) return { watch: undefined, word: [] };
  if (!/^\d*\.?\d*$/.test(watched)) return { watch: INTERVAL.default, word: [watched] };
  const watch = watched === '' ? INTERVAL.default : Number(watched);
  if (watch >= INTERVAL.least && watch <= INTERVAL.most) return { watch, word: [] };
  throw new ToolError(`--watch takes ${INTERVAL.least} to ${INTERVAL.most} seconds`);
}
