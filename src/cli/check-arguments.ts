import type { StatusOptions } from './commands/status.js';
import { DISCOVERIES, type Discovery } from './discovery-names.js';

const WITH_VALUE = { '--root': 'root', '--connect': 'connect', '-c': 'connect', '--discover': 'discover' } as const;

/**
 * `status --check` with --root DIR, -c URI, --discover SOURCE, and names of domains, each option once. Undefined for
 * anything else, such as a mistake: the parser of all commands reports it.
 */
export function plainCheck([command, ...args]: readonly string[]): StatusOptions | undefined {
  const options: StatusOptions = { paths: [], domains: [], only: [], check: true };
  if (command !== 'status' || args.filter((arg) => arg === '--check').length !== 1) return undefined;
  for (let index = 0; index < args.length; index++) {
    const arg = args[index] as string;
    if (arg === '--check') continue;
    const name = Object.hasOwn(WITH_VALUE, arg) ? WITH_VALUE[arg as keyof typeof WITH_VALUE] : undefined;
    if (name) {
      const value = args[++index];
      if (!value || value.startsWith('-') || options[name] !== undefined) return undefined;
      if (name !== 'discover') options[name] = value;
      else if (isDiscovery(value)) options.discover = [value];
      else return undefined;
    } else if (/^[^-/][^/]*$/.test(arg) && !arg.endsWith('.xml')) options.domains.push(arg);
    else return undefined;
  }
  return options;
}

const isDiscovery = (word: string): word is Discovery => DISCOVERIES.some((one) => one === word);
