import type { Argv } from 'yargs';
import { ToolError } from '../../lib/errors.js';
import { connectOption, EPILOGUE, pathsOf, schemaOptions, type Take, usage } from './shared.js';

const ABOUT = {
  define: 'virsh define, with cpuset attributes allowed',
  edit: 'virsh edit, with cpuset attributes allowed',
};
const FILE = 'FILE: a file, - or nothing for standard input; several are defined one by one';
const DOMAIN = 'DOMAIN: as virsh names it. The editor is $VISUAL, else $EDITOR';

export function defineCommand(parser: Argv, take: Take): void {
  parser.command(
    'define',
    ABOUT.define,
    (options) =>
      libvirtOptions(options)
        .usage(usage('$0 define', ABOUT.define, FILE))
        .epilogue(EPILOGUE)
        .example('$0 define guest.xml', 'checked, normalised, defined'),
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
        .example('$0 edit guest', 'its policies as attributes'),
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
    describe: 'do not ask the schema, nor have libvirt ask it',
  });
}
