/** Options whose value is always the next word, or the rest of this one as in `-dguest`. */
const ATTACHED = /^-([cd])([^=].*)$/s;
const SWITCH = /^(?:-i|--(?:in-place|no-check|no-config|check|json|host|details|misplaced|remote|contested))$/;
const NUMBER = /^-?[\d.][\d.eE+-]*$/;

/** Writes what yargs would misread in a form that it does not. */
export function prepareArguments(args: readonly string[]): string[] {
  const end = args.indexOf('--');
  const options = end < 0 ? args : args.slice(0, end);
  return [...options.flatMap(prepare), ...args.slice(options.length)];
}

function prepare(arg: string, index: number, args: readonly string[]): string[] {
  const next = args[index + 1];
  // yargs would take a file named true or false as the value of the switch before it
  if (SWITCH.test(arg) && /^(?:true|false)$/.test(next ?? '')) return [`${arg}=true`];
  // SECONDS is optional: in `--watch guest` the word is a domain's name
  if (/^(?:-w|--watch)$/.test(arg) && next !== undefined && !NUMBER.test(next)) return ['--watch='];
  const [, option, value] = ATTACHED.exec(arg) ?? [];
  return option === undefined || value === undefined ? [arg] : [`-${option}`, value];
}
