import type { Argv } from 'yargs';
import { ToolError } from '../../lib/errors.js';
import type { EnforceOptions } from '../host/domain-source.js';
import { hostOptions, pathsOf, type Take } from './shared.js';

const ABOUT = {
  plan: 'what would be written on this host, and why',
  enforce: 'place the interrupts of a domain, once',
  status: 'where each interrupt is, and should be',
};
const FILES_OR_DOMAINS = 'FILE: a file with domain XML, - or nothing for standard input; or --domain NAME';
const DOMAINS = 'DOMAIN: as virsh names it, nothing for all that run; or a FILE: -, ./a or a.xml';

export function enforceCommand(parser: Argv, name: EnforceOptions['command'], take: Take): void {
  const isStatus = name === 'status';
  const usage = `Usage: $0 ${name} [options] ${isStatus ? '[DOMAIN...]' : '[FILE...]'}\n\n${ABOUT[name]}`;
  parser.command(
    name,
    ABOUT[name],
    (options) =>
      hostOptions(isStatus ? statusOptions(options) : options)
        .usage(`${usage}\n${isStatus ? DOMAINS : FILES_OR_DOMAINS}`)
        .epilogue('Exit status: 0 fine, 1 something could not be placed, 2 the tool failed.')
        .option('domain', {
          alias: 'd',
          type: 'string',
          array: true,
          requiresArg: true,
          describe: 'a domain of libvirt',
        })
        .option('json', { type: 'boolean', describe: 'a JSON document in place of text' })
        .example(`virsh dumpxml guest | $0 ${name}${isStatus ? ' -' : ''}`, 'any definition'),
    ({ _: words, domain = [], connect, root, json, watch: watched, html }) => {
      const { watch, word } = intervalOf(watched as string | undefined);
      if (watch !== undefined && json) throw new ToolError('--watch and --json exclude each other');
      if (html === '') throw new ToolError('--html takes a file, or - for standard output');
      if (html !== undefined && (watch !== undefined || json))
        throw new ToolError('--html goes without --watch and --json');
      const views = {
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
    .option('watch', { alias: 'w', type: 'string', describe: 'show it again every 2 seconds, or as many as follow' })
    .option('html', { type: 'string', requiresArg: true, describe: 'a page with a picture of the host, to FILE or -' });
}

/** Seconds. */
const INTERVAL = { default: 2, least: 0.1, most: 86_400 };

/** The seconds may be left out: what follows is then a word of its own, a domain's name. */
function intervalOf(watched: string | undefined): { watch: number | undefined; word: string[] } {
  if (watched === undefined) return { watch: undefined, word: [] };
  if (!/^\d*\.?\d*$/.test(watched)) return { watch: INTERVAL.default, word: [watched] };
  const watch = watched === '' ? INTERVAL.default : Number(watched);
  if (watch >= INTERVAL.least && watch <= INTERVAL.most) return { watch, word: [] };
  throw new ToolError(`--watch takes ${INTERVAL.least} to ${INTERVAL.most} seconds`);
}
