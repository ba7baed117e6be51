import { chmodSync, cpSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../support/cli.js';
import { type Outcome, run } from '../support/run.js';
import { layOutDelivered } from '../support/simulated-tree.js';
import { TemporaryFolder } from '../support/temporary-folder.js';
import { type Block, type Step, stepsOf } from './pages.js';

/** Marks the end of a command's output. No command prints it. */
const MARK = '\u0001';
/** Commands that read the host, and those that read it and its libvirt. */
const OF_HOST = 'install|uninstall';
const OF_LIBVIRT = 'plan|enforce|status|watch';

export interface Ran extends Step {
  actual: string;
  status: number;
}

/**
 * A directory in which a page's commands run unchanged, with the samples, our executables, and a virsh that stores
 * definitions.
 */
export class Sandbox {
  readonly #folder = new TemporaryFolder();

  constructor() {
    cpSync(join(projectRoot, 'samples'), this.#folder.join('work/samples'), { recursive: true });
    cpSync(join(projectRoot, 'examples'), this.#folder.join('work/examples'), { recursive: true });
    for (const name of ['gpu.xml', 'sriov-two-nodes.xml']) {
      const text = readFileSync(join(projectRoot, 'samples', name), 'utf8');
      const domain = /<name>(.*)<\/name>/.exec(text)?.[1] as string;
      this.#folder.write(`work/${domain}.xml`, text);
    }
    for (const name of ['workstation', 'two-nodes']) {
      const description = readFileSync(join(projectRoot, `samples/hosts/${name}.json`), 'utf8');
      layOutDelivered(description, this.#folder.join('hosts', name));
    }
    mkdirSync(this.#folder.join('libvirt'));
    mkdirSync(this.#folder.join('work/node_modules'));
    symlinkSync(projectRoot, this.#folder.join('work/node_modules/hostdev-cpuset'));
    this.#addCommand('sudo', 'exec "$@"');
    const onHost = (more = '') => `name=$1; shift; set -- "$name" --root "$SIMULATED_HOST" ${more} "$@"`;
    const onLibvirt = onHost('--connect simulated:///');
    this.#addProgram('hostdev-cpuset', `${OF_HOST}) ${onHost()} ;; ${OF_LIBVIRT}) ${onLibvirt}`);
    this.#addProgram('lint-domain', '--host) shift; set -- --host --root "$SIMULATED_HOST" "$@"');
    cpSync(join(__dirname, 'virsh'), this.#folder.join('bin/virsh'));
  }

  /** Runs a block's commands in one shell, one after the other. */
  async run(block: Block): Promise<Ran[]> {
    const steps = stepsOf(block);
    const script = steps.map(
      ({ command }) => `${command}\n_status=$?; printf '${MARK}%d${MARK}' $_status; (exit $_status)`,
    );
    const { stdout } = await run('bash', ['-c', `exec 2>&1\n${script.join('\n')}`], {
      cwd: this.#folder.join('work'),
      env: this.#environment(block.kind),
    });
    const parts = stdout.split(MARK);
    return steps.map((step, index) => ({
      ...step,
      actual: parts[2 * index] ?? '',
      status: Number(parts[2 * index + 1] ?? 'NaN'),
    }));
  }

  /** Runs shell commands next to the samples and the examples, on the simulated host. */
  shell(script: string): Promise<Outcome> {
    return run('bash', ['-c', script], { cwd: this.#folder.join('work'), env: this.#environment('console simulated') });
  }

  /** Runs a program from a page, and returns its output. */
  async runProgram({ text }: Block): Promise<string> {
    const file = this.#folder.write('work/example.mjs', text);
    const { stdout, stderr } = await run(process.execPath, [file], {
      cwd: this.#folder.join('work'),
      env: this.#environment('console simulated'),
    });
    return stdout + stderr;
  }

  remove(): void {
    this.#folder.remove();
  }

  #environment(kind: string): NodeJS.ProcessEnv {
    const { FORCE_COLOR, ...env } = process.env;
    const [, simulated, host = 'workstation'] = kind.split(' ');
    return {
      ...env,
      PATH: `${this.#folder.join('bin')}:${env.PATH}`,
      NO_COLOR: '1',
      HOME: this.#folder.path,
      VIRSH_STATE: this.#folder.join('libvirt'),
      ...(simulated ? simulatedHost(this.#folder.join('hosts', host)) : {}),
    };
  }

  /** `onHost`: a pattern of the first argument, and the arguments that are added on a simulated host. */
  #addProgram(name: string, onHost: string): void {
    const choice = `case \${SIMULATED_HOST:+$1} in ${onHost} ;; esac`;
    this.#addCommand(name, `${choice}\nexec '${process.execPath}' '${projectRoot}dist/bin/${name}.cjs' "$@"`);
  }

  #addCommand(name: string, body: string): void {
    chmodSync(this.#folder.write(`bin/${name}`, `#!/bin/sh\n${body}\n`), 0o755);
  }
}

/** Settings that let writes to masks take effect as on a kernel. */
function simulatedHost(root: string) {
  const kernel = join(projectRoot, 'scripts/simulated-kernel.cjs');
  return { SIMULATED_HOST: root, SIMULATED_KERNEL: root, NODE_OPTIONS: `--require=${JSON.stringify(kernel)}` };
}
