import type { Argv } from 'yargs';
import { ToolError } from '../../lib/errors.js';
import { connectOption, EPILOGUE, pathsOf, schemaOptions, type Take, usage } from './shared.js';

const ABOUT = {
  define: 'virsh define for XML with cpuset attributes',
  edit: 'virsh edit with cpuset attributes',
};
const FILE = 'FILE: domain XML; - or none for standard input';
const DOMAIN = 'DOMAIN: name, ID or UUID; the editor is $VISUAL or $EDITOR';

export function defineCommand(parser: Argv, take: Take): void {
  parser.command(
    'define',
    ABOUT.define,
    (options) =>
      libvirtOptions(options)
        .usage(usage('$0 define', ABOUT.define, FILE))
        .epilogue(EPILOGUE)
        .example('$0 define guest.xml', 'check, normalize and define'),
    ({ _: words, connect, 'no-check': noCheck, schemas, engine }) => {
      const options = { paths: pathsOf(words, 'define'), connect, check: !noCheck, schemas, engine };
      take({ command: 'define', options });
    },
  );
}

export function editCommand(parser: Argv, take: Take): void {
  parser.command(
    'edit',
    ABOUT.edit,
    (options) =>
      libvirtOptions(options)
        .usage(`Usage: $0 edit [options] DOMAIN\n\n${ABOUT.edit}\n${DOMAIN}`)
        .epilogue(EPILOGUE)
        .example('$0 edit guest', 'edit policies as attributes'),
    ({ _: words, connect, 'no-check': noCheck, schemas, engine }) => {
      const [domain, ...more] = pathsOf(words, 'edit');
      if (!domain || more.length > 0) throw new ToolError('edit takes one domain');
      take({ command: 'edit', options: { domain, connect, check: !noCheck, schemas, engine } });
    },
  );
}

function libvirtOptions<T>(command: Argv<T>) {
  return connectOption(schemaOptions(command)).option('no-check', {
    type: 'boolean',
    describe: 'skip schema validation, also by libvirt',
  });
}
