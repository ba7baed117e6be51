import type { Argv, Options } from 'yargs';

/** The options of a command by name. */
export type DeclaredOptions = ReadonlyMap<string, Options>;

/** Runs a command's declaration with a parser that only records. yargs knows the options no earlier than it parses. */
export function declaredOptions(declare: (parser: Argv) => void): DeclaredOptions {
  const options = new Map<string, Options>();
  const record = (method: string | symbol, args: readonly unknown[]) => {
    if (method === 'option') options.set(args[0] as string, args[1] as Options);
    if (method === 'command') (args[2] as (parser: Argv) => void)(recorder);
    return recorder;
  };
  const recorder: Argv = new Proxy({} as Argv, {
    get:
      (_, method) =>
      (...args: unknown[]) =>
        record(method, args),
  });
  declare(recorder);
  return options;
}

/** The name and the declaration of the option that a word such as `-d` or `--domain` names. */
export function optionOf(word: string, options: DeclaredOptions): [name: string, option: Options] | [] {
  return (
    [...options].find(([name, { alias }]) => word === `--${name}` || (alias !== undefined && word === `-${alias}`)) ??
    []
  );
}
