import type { Argv } from 'yargs';
import type { PlanOptions } from '../commands/plan.js';
import {
  discoveriesOf,
  discoverOption,
  domainOption,
  domainsAndFiles,
  hostOptions,
  pathsOf,
  type Take,
} from './shared.js';

const ABOUT = {
  plan: 'show what would be written on this host, and why',
  enforce: 'set the interrupt affinities of domains, once',
};
const WORDS =
  'DOMAIN: name, ID or UUID; or FILE: -, ./a, a.xml\nNone: standard input; with --discover all running domains';

export function planCommand(parser: Argv, name: PlanOptions['command'], take: Take): void {
  parser.command(
    name,
    ABOUT[name],
    (options) =>
      domainOption(discoverOption(hostOptions(options)))
        .usage(`Usage: $0 ${name} [options] [DOMAIN|FILE...]\n\n${ABOUT[name]}\n${WORDS}`)
        .epilogue('Exit status: 0 success, 1 an interrupt was not placed, 2 the command failed.')
        .option('json', { type: 'boolean', describe: 'print JSON' })
        .example(`virsh dumpxml guest | $0 ${name}`, 'read a definition from a pipe'),
    ({ _: words, domain = [], connect, root, discover, json }) => {
      const named = domainsAndFiles(pathsOf(words, name), domain);
      take({
        command: 'plan',
        options: { command: name, ...named, connect, root, discover: discoveriesOf(discover), json },
      });
    },
  );
}
