import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { SelinuxPolicy } from '../../src/install/selinux.js';

/** Packages of selinux-policy-default, without which the virt module cannot be linked. */
const MODULES = ['base', 'unconfined', 'qemu', 'virt'];
const PACKAGED = '/usr/share/selinux/default';

/** Runs a program. Throws with its output if its status is not 0. */
export function runTool(command: string, words: readonly string[], cwd?: string): string {
  const env = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` };
  const { status, stdout, stderr, error } = spawnSync(command, words, { encoding: 'utf8', env, cwd });
  if (error || status !== 0) throw new Error(`${command}: ${error?.message ?? status}\n${stdout}${stderr}`);
  return stdout;
}

/** Compiles a module with the headers of the distribution's policy, as a user would; returns the package. */
export function compileModule(folder: string, sources: readonly string[]): string {
  mkdirSync(folder, { recursive: true });
  for (const path of sources) writeFileSync(join(folder, basename(path)), readFileSync(path));
  runTool('make', ['-f', '/usr/share/selinux/devel/Makefile'], folder);
  const name = basename(sources[0] as string).replace(/\.te$/, '.pp');
  return join(folder, name);
}

/**
 * Links Debian's reference policy with further modules, and expands it to the policy that a kernel loads. Needs a
 * directory for the files.
 */
export class CompiledPolicy {
  readonly #file: string;
  readonly #searched = new Map<string, string[]>();

  constructor(folder: string, modules: readonly string[]) {
    mkdirSync(folder, { recursive: true });
    const packages = MODULES.map((name) => join(folder, `${name}.pp`));
    for (const path of packages) {
      const { stdout } = spawnSync('bzip2', ['-dc', `${PACKAGED}/${basename(path)}.bz2`], { maxBuffer: 1 << 26 });
      writeFileSync(path, stdout);
    }
    const linked = join(folder, 'linked');
    this.#file = join(folder, 'policy');
    runTool('semodule_link', ['-o', linked, ...packages, ...modules]);
    runTool('semodule_expand', [linked, this.#file]);
    if (!existsSync(this.#file)) throw new Error('no policy was created');
  }

  /** The output of sesearch, which is slow and therefore run once per query. */
  search(...words: string[]): string[] {
    const key = words.join(' ');
    const known =
      this.#searched.get(key) ??
      runTool('sesearch', [...words, this.#file])
        .split('\n')
        .filter(Boolean);
    this.#searched.set(key, known);
    return known;
  }

  /**
   * The permissions that `allow` rules grant for a class, including rules for attributes, with booleans at their
   * defaults.
   */
  allowed(source: string, target: string, tclass: string): Set<string> {
    const rules = this.search('--allow', '-s', source, '-t', target, '-c', tclass);
    // A rule in a conditional block ends with the condition and the branch.
    const holding = rules.filter((rule) => !rule.includes(' ['));
    return new Set(holding.flatMap((rule) => rule.split(/:\S+ /)[1]?.replace(/[{};]/g, '').trim().split(/ +/) ?? []));
  }

  /** The kernel's answers for files with these types. */
  asKernel(types: Record<string, string>): SelinuxPolicy {
    const label = (path: string) => types[path] && `system_u:object_r:${types[path]}:s0`;
    const typeOf = (context: string) => context.split(':')[2] as string;
    return {
      init: () => 'system_u:system_r:init_t:s0',
      labelFor: label,
      labelOf: label,
      domainOf: (process, program) => {
        const words = ['--type_trans', '-s', typeOf(process), '-t', typeOf(program), '-c', 'process'];
        const domain = /(\w+);$/.exec(this.search(...words)[0] ?? '')?.[1];
        return domain === undefined ? process : `system_u:system_r:${domain}:s0`;
      },
      denied: (source, target, tclass, permissions) => {
        const allowed = this.allowed(typeOf(source), typeOf(target), tclass);
        return permissions.filter((permission) => !allowed.has(permission));
      },
    };
  }
}
