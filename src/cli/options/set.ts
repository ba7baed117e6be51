import type { Argv } from 'yargs';
import { ToolError } from '../../lib/errors.js';
import type { ScopeOptions } from '../edit/domain-metadata.js';
import { connectOption, pathsOf, refuseTogether, type Take } from './shared.js';

const ABOUT = {
  set: 'set the policy of one device of a domain',
  unset: 'remove the policy of one device of a domain',
  attach: 'virsh attach-device with cpuset attributes',
};
const DOMAIN = 'DOMAIN: name, ID or UUID';
const DEVICE = 'DEVICE: PCI address, alias or MAC, as in the definition';
const CPUSET = "CPUSET: auto, native or a list of CPUs in libvirt's format, such as 2-5,^4";
const EPILOGUE = 'Exit status: 0 success, 1 the result has errors, 2 the command failed.';

export function setCommand(parser: Argv, name: 'set' | 'unset', take: Take): void {
  const isSet = name === 'set';
  const words = isSet ? 'DOMAIN DEVICE CPUSET' : 'DOMAIN DEVICE';
  parser.command(
    name,
    ABOUT[name],
    (options) =>
      scopeOptions(isSet ? policyOptions(options) : options)
        .usage(
          `Usage: $0 ${name} [options] ${words}\n\n${ABOUT[name]}\n${DOMAIN}\n${DEVICE}${isSet ? `\n${CPUSET}` : ''}`,
        )
        .epilogue(EPILOGUE)
        .option('list', { type: 'boolean', describe: 'list devices and policies of DOMAIN' })
        .example(
          isSet ? '$0 set guest 06:12.5 auto --live --config' : '$0 unset guest ua-gpu --live --config',
          'now and later',
        ),
    ({ _: given, connect, list, ...flags }) => {
      const [domain, device, cpuset, ...more] = pathsOf(given, name);
      const scope = scopeOf(flags);
      if (list) {
        if (!domain || device !== undefined) throw new ToolError(`${name} --list takes one domain`);
        take({ command: 'set', options: { domain, device: undefined, policy: undefined, connect, ...scope } });
        return;
      }
      const missing = !domain || !device || (isSet && !cpuset);
      if (missing || more.length > 0 || (!isSet && cpuset !== undefined)) throw new ToolError(`${name} takes ${words}`);
      const { vcpus, spread, 'control-vectors': controlVectors } = flags as Record<string, string | undefined>;
      const policy = { cpuset, vcpus, spread: spread ? 'yes' : undefined, controlVectors };
      take({ command: 'set', options: { domain, device, policy: isSet ? policy : undefined, connect, ...scope } });
    },
  );
}

export function attachCommand(parser: Argv, take: Take): void {
  parser.command(
    'attach',
    ABOUT.attach,
    (options) =>
      scopeOptions(options)
        .usage(
          `Usage: $0 attach [options] DOMAIN FILE\n\n${ABOUT.attach}\n${DOMAIN}\nFILE: one <hostdev> or <interface>; - for standard input`,
        )
        .epilogue(EPILOGUE)
        .example('$0 attach guest gpu.xml --live', 'attach a device with its policy'),
    ({ _: given, connect, ...flags }) => {
      const [domain, path, ...more] = pathsOf(given, 'attach');
      if (!domain || !path || more.length > 0) throw new ToolError('attach takes DOMAIN FILE');
      take({ command: 'attach', options: { domain, path, connect, ...scopeOf(flags) } });
    },
  );
}

function policyOptions<T>(command: Argv<T>) {
  return command
    .option('vcpus', { type: 'string', requiresArg: true, describe: 'with auto: only these vCPUs count' })
    .option('spread', { type: 'boolean', describe: 'one target for each vector' })
    .option('control-vectors', {
      type: 'string',
      requiresArg: true,
      describe: '--spread: first N vectors serve no queue',
    });
}

function scopeOptions<T>(command: Argv<T>) {
  return connectOption(command)
    .option('live', { type: 'boolean', describe: 'change the running domain' })
    .option('config', { type: 'boolean', describe: 'change the definition for the next start' })
    .option('current', { type: 'boolean', describe: 'running domain, else definition (default)' });
}

function scopeOf(flags: Record<string, unknown>): ScopeOptions {
  const { live = false, config = false, current = false } = flags as Partial<Record<string, boolean>>;
  if (current) refuseTogether('current', { live, config });
  return { live, config };
}
