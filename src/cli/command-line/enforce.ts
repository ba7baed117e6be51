import type { Argv } from 'yargs';
import type { EnforceOptions } from '../enforce.js';
import { pathsOf, type Take } from './shared.js';

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
      options
        .usage(`${usage}\n${isStatus ? DOMAINS : FILES_OR_DOMAINS}`)
        .epilogue('Exit status: 0 fine, 1 something could not be placed, 2 the tool failed.')
        .option('domain', {
          alias: 'd',
          type: 'string',
          array: true,
          requiresArg: true,
          describe: 'a domain of libvirt',
        })
        .option('connect', {
          alias: 'c',
          type: 'string',
          requiresArg: true,
          describe: 'URI of libvirt, as of virsh -c',
        })
        .option('root', { type: 'string', requiresArg: true, describe: 'a tree with /sys, /proc, /run and /etc in it' })
        .option('json', { type: 'boolean', describe: 'a JSON document in place of text' })
        .example(`virsh dumpxml guest | $0 ${name}${isStatus ? ' -' : ''}`, 'any definition'),
    ({ _: words, domain = [], connect, root, json }) => {
      const named = pathsOf(words, name);
      const isFile = (word: string) => !isStatus || word === '-' || /\/|\.xml$/.test(word);
      const domains = [...domain, ...named.filter((word) => !isFile(word))];
      take({
        command: 'enforce',
        options: { command: name, paths: named.filter(isFile), domains, connect, root, json },
      });
    },
  );
}
