import type { Argv } from 'yargs';
import { PARTS } from '../../install/manifest.js';
import { ToolError } from '../../lib/errors.js';
import type { InstallOptions } from '../commands/install.js';
import { pathsOf, type Take } from './shared.js';

const ABOUT = {
  install: 'put the hook and the service on this host',
  uninstall: 'take away what install has put there',
};

export function installCommand(parser: Argv, name: InstallOptions['command'], take: Take): void {
  parser.command(
    name,
    ABOUT[name],
    (options) => {
      const common = options
        .usage(`Usage: $0 ${name} [options]\n\n${ABOUT[name]}`)
        .epilogue(
          `Exit status: 0 fine, 1 a file was left alone${name === 'install' ? ', or the hook left out despite --hook' : ''}, 2 the tool failed.`,
        )
        .option('prefix', { type: 'string', requiresArg: true, describe: 'a folder before every path: an image' })
        .option('dry-run', { alias: 'n', type: 'boolean', describe: 'say what would be done, and do nothing' })
        .option('force', { type: 'boolean', describe: 'take files of ours that were changed, too' });
      if (name === 'uninstall') return common;
      return common
        .option('hook', {
          type: 'boolean',
          describe: 'with the hook, even if it cannot be seen that libvirt may run it',
        })
        .option('no-hook', { type: 'boolean', describe: "without libvirt's hook; one of ours is removed" })
        .option('no-service', { type: 'boolean', describe: 'without the service' })
        .option('no-irqbalance', { type: 'boolean', describe: "without irqbalance's policy" });
    },
    ({ _: words, prefix, 'dry-run': dryRun, force, ...flags }) => {
      const [word] = pathsOf(words, name);
      if (word !== undefined) throw new ToolError(`${name} takes no file: ${word}`);
      const parts = PARTS.filter((part) => (flags as Record<string, unknown>)[`no-${part}`] !== true);
      const { hook = false, 'no-hook': noHook } = flags as { hook?: boolean; 'no-hook'?: boolean };
      if (hook && noHook) throw new ToolError('--hook and --no-hook exclude each other');
      const options = {
        command: name,
        parts,
        insistOnHook: hook,
        prefix,
        dryRun: dryRun ?? false,
        force: force ?? false,
      };
      take({ command: 'install', options });
    },
  );
}
