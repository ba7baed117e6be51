import type { Argv } from 'yargs';
import { PARTS } from '../../install/manifest.js';
import { ToolError } from '../../lib/errors.js';
import type { InstallOptions } from '../commands/install.js';
import { pathsOf, refuseTogether, type Take } from './shared.js';

const ABOUT = {
  install: 'install hook, service and irqbalance policy',
  uninstall: 'remove what install has installed',
};

export function installCommand(parser: Argv, name: InstallOptions['command'], take: Take): void {
  parser.command(
    name,
    ABOUT[name],
    (options) => {
      const common = options
        .usage(`Usage: $0 ${name} [options]\n\n${ABOUT[name]}`)
        .epilogue(
          `Exit status: 0 success, 1 file left alone${name === 'install' ? ', --hook' : ''} or systemctl failed, 2 error.`,
        )
        .option('prefix', { type: 'string', requiresArg: true, describe: 'change files below DIR, such as an image' })
        .option('hooks-dir', {
          type: 'string',
          requiresArg: true,
          describe: 'directory where libvirt looks for hooks',
        })
        .option('dry-run', { alias: 'n', type: 'boolean', describe: 'show what would be done, change nothing' })
        .option('force', { type: 'boolean', describe: 'also overwrite or remove modified files' });
      if (name === 'uninstall') return common;
      return common
        .option('hook', {
          type: 'boolean',
          describe: 'install the hook even without SELinux check',
        })
        .option('no-hook', { type: 'boolean', describe: 'do not install the hook, or remove it' })
        .option('no-service', { type: 'boolean', describe: 'do not install the service' })
        .option('no-irqbalance', { type: 'boolean', describe: 'do not install the irqbalance policy' });
    },
    ({ _: words, prefix, 'hooks-dir': hooksDirectory, 'dry-run': dryRun, force, ...flags }) => {
      const [word] = pathsOf(words, name);
      if (word !== undefined) throw new ToolError(`${name} takes no file: ${word}`);
      const parts = PARTS.filter((part) => (flags as Record<string, unknown>)[`no-${part}`] !== true);
      const { hook = false, 'no-hook': noHook } = flags as { hook?: boolean; 'no-hook'?: boolean };
      if (hook) refuseTogether('hook', { 'no-hook': noHook });
      const options = {
        command: name,
        parts,
        insistOnHook: hook,
        prefix,
        hooksDirectory,
        dryRun: dryRun ?? false,
        force: force ?? false,
      };
      take({ command: 'install', options });
    },
  );
}
