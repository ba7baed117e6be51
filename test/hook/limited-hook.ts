import { chmodSync, mkdirSync } from 'node:fs';
import * as assert from 'uvu/assert';
import { type Outcome, run } from '../support/run.js';
import { TemporaryFolder } from '../support/temporary-folder.js';
import { installFront } from './installed-front.js';
import { BOTH, UUID } from './simulated-root.js';

/** The shells that are /bin/sh on some systems, with the command that starts them. */
export const SHELLS = { dash: ['dash'], bash: ['bash', '--posix'], busybox: ['busybox', 'sh'] };
export type Shell = keyof typeof SHELLS;

/** Operations that cause work, and those that do not. */
export const WORKING = ['prepare begin', 'started begin', 'reconnect begin', 'release end'];
export const IDLE = ['start begin', 'stopped end', 'migrate begin', 'restore begin', 'attach begin', 'unknown sub', ''];

const REFUSAL = 'hostdev-cpuset: the domain must not start: guest: prepare: why';
/** The first of the users that run one call each: root has no limit of processes. */
let user = 200_000 + (process.pid % 10_000) * 1000;

/**
 * The hook on a host where every operation has work: its configuration has "onError": "abort", its domain has a state,
 * and an enforcer refuses each start.
 */
export class LimitedHook extends TemporaryFolder {
  readonly #hook: string;
  /** a script that does nothing */
  readonly #control: string;
  /** by shell and limits: whether they let it run */
  readonly #able = new Map<string, Promise<boolean>>();

  constructor() {
    super();
    const enforcer = this.write('enforcer', `#!/bin/sh\n[ "$3" != prepare ] || { echo '${REFUSAL}' >&2; exit 1; }\n`);
    chmodSync(enforcer, 0o755);
    this.write('etc/hostdev-cpuset/config.json', '{ "onError": "abort" }');
    this.write(`run/hostdev-cpuset/${UUID}.json`, '{}');
    mkdirSync(this.join('run/hostdev-cpuset/spool'));
    this.#hook = installFront(this, { cli: enforcer, root: this.path, watcher: 'no' });
    this.#control = this.write('control', 'exit 0\n');
    // Its users are not the owner.
    chmodSync(this.path, 0o755);
  }

  /**
   * Calls the hook under limits.
   * @param limits in prlimit(1) format
   * @param xml from libvirt
   * @returns undefined if this shell cannot run any script
   */
  async call(shell: Shell, operation: string, limits: string[], xml = BOTH): Promise<Outcome | undefined> {
    const asUser = isRoot ? ['setpriv', `--reuid=${++user}`, '--clear-groups'] : [];
    const limited = [...asUser, 'prlimit', ...limits, ...SHELLS[shell]];
    const key = [shell, ...limits].join(' ');
    const able = this.#able.get(key) ?? runWords([...limited, this.#control], '').then(({ code }) => code === 0);
    this.#able.set(key, able);
    return (await able) ? runWords([...limited, this.#hook, ...wordsOf(operation)], xml) : undefined;
  }

  /** Calls the hook in its own control group with this limit of processes. */
  callInGroup(shell: Shell, operation: string, group: string): Promise<Outcome> {
    const join = 'echo $$ >"$1/cgroup.procs" && shift && exec "$@"';
    return runWords(['sh', '-c', join, 'sh', group, ...SHELLS[shell], this.#hook, ...wordsOf(operation)], BOTH);
  }

  /** Whatever the limit: status 0, or the refusal that the configuration requests. */
  assertHarmless({ code, stdout, stderr }: Outcome, operation: string, title: string): void {
    const refused = operation === 'prepare begin' && stderr.includes(REFUSAL);
    assert.is(code, refused ? 1 : 0, `${title}: ${stderr}`);
    assert.is(stdout, '', title);
  }
}

const isRoot = process.getuid?.() === 0;
const wordsOf = (operation: string) => ['guest', ...operation.split(' '), '-'];

function runWords([command, ...args]: string[], input: string): Promise<Outcome> {
  return run(command as string, args, { input, env: { PATH: process.env.PATH, LC_ALL: 'C', HOME: '/' } });
}
