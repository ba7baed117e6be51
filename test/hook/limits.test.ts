import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { needs, pidsCgroups, suiteWhere } from '../support/needs.js';
import type { Outcome } from '../support/run.js';
import { until } from '../support/until.js';
import { IDLE, LimitedHook, SHELLS, type Shell, WORKING } from './limited-hook.js';
import { BOTH } from './simulated-root.js';

const range = (first: number, last: number, step = 1) =>
  Array.from({ length: Math.floor((last - first) / step) + 1 }, (_, index) => first + index * step);
const PLAIN = '<domain><name>guest</name><devices/></domain>';

/** For each limit, values at which the hook cannot do all of its work, and last a value at which it can. */
const LIMITS: { name: string; option: string; values: number[] }[] = [
  { name: 'processes (RLIMIT_NPROC)', option: '--nproc', values: [...range(1, 6), 10_000] },
  {
    name: 'memory (RLIMIT_AS)',
    option: '--as',
    values: [...range(2_097_152, 6_291_456, 131_072), 1_073_741_824],
  },
  {
    name: 'open files (RLIMIT_NOFILE)',
    option: '--nofile',
    values: [...range(3, 13), 100],
  },
  { name: 'size of files (RLIMIT_FSIZE)', option: '--fsize', values: [0, 1, 512, 1_048_576] },
];

let signalling: NodeJS.Timeout | undefined;

/** bash retries fork() after 1, 2, 4 and 8 seconds. A handled signal ends each of these delays. */
function shortenRetries(): void {
  signalling = setInterval(() => process.kill(0, 'SIGCHLD'), 50);
}

function endShortening(): void {
  clearInterval(signalling);
}

for (const shell of Object.keys(SHELLS) as Shell[]) {
  const test = suiteWhere(`hook in ${shell} under limits`, needs(shell, 'prlimit', 'setpriv'));
  let hook: LimitedHook;
  test.before(() => {
    hook = new LimitedHook();
    if (shell === 'bash') shortenRetries();
  });
  test.after(() => {
    endShortening();
    hook.remove();
  });

  for (const { name, option, values } of LIMITS) {
    test(`${name}: no operation fails`, async () => {
      const call = async (value: number, operation: string, xml = BOTH): Promise<Outcome[]> => {
        const outcome = await hook.call(shell, operation, [`${option}=${value}`], xml);
        if (outcome) hook.assertHarmless(outcome, operation, `${shell} ${option}=${value} ${operation}`);
        return outcome ? [outcome] : [];
      };
      const calls = values.flatMap((value) => [
        ...WORKING.map((operation) => call(value, operation)),
        call(value, 'started begin', PLAIN),
      ]);
      const outcomes = (await Promise.all(calls)).flat();
      assert.ok(
        outcomes.some(({ code }) => code === 1),
        'without a shortage a refusal is passed on',
      );
      // A refusal needs no file to be written.
      if (option === '--fsize') return;
      const refusals = (await Promise.all(values.map((value) => call(value, 'prepare begin')))).flat();
      assert.ok(
        refusals.some(({ code }) => code === 0),
        'no limit prevented a refusal',
      );
    });
  }

  test('operations without work start no process', async () => {
    for (const operation of IDLE) {
      const outcome = await hook.call(shell, operation, ['--nproc=1', '--fsize=0']);
      assert.equal(outcome, { code: 0, stdout: '', stderr: '' }, operation);
    }
  });
  test.run();
}

for (const shell of Object.keys(SHELLS) as Shell[]) {
  const test = suiteWhere(`hook in ${shell} in a full control group`, needs(shell, 'pids-cgroup'));
  const groups: string[] = [];
  let hook: LimitedHook;
  test.before(() => {
    hook = new LimitedHook();
    if (shell === 'bash') shortenRetries();
  });
  test.after(async () => {
    endShortening();
    hook.remove();
    for (const group of groups) {
      // The last of its processes may not have been reaped yet.
      await until('the group is empty', () => readFileSync(join(group, 'cgroup.procs'), 'utf8') === '');
      rmdirSync(group);
    }
  });

  /** @param isInner the group with the limit has another one in it, which has none */
  async function call(limit: number, operation: string, isInner = false): Promise<Outcome> {
    const group = join(pidsCgroups() ?? '', `hostdev-cpuset-test-${process.pid}-${groups.length}`);
    mkdirSync(group);
    groups.unshift(group);
    writeFileSync(join(group, 'pids.max'), String(limit));
    const inner = join(group, 'inner');
    if (isInner) {
      mkdirSync(inner);
      groups.unshift(inner);
    }
    const outcome = await hook.callInGroup(shell, operation, isInner ? inner : group);
    hook.assertHarmless(outcome, operation, `${shell} pids.max=${limit} ${operation}`);
    return outcome;
  }

  test('no operation fails', async () => {
    const working = [...range(1, 6), 100].flatMap((limit) => WORKING.map((operation) => call(limit, operation)));
    const outcomes = await Promise.all([...working, ...IDLE.map((operation) => call(1, operation))]);
    const full = outcomes.some(({ stderr }) => /fork/i.test(stderr));
    const codes = new Set(outcomes.map(({ code }) => code));
    // bash would try again for 15 seconds each time
    assert.is(full, shell !== 'bash', 'the group was full');
    const isReported = outcomes.some(({ stderr }) => stderr.includes(': no room for a process in the control group: '));
    assert.is(isReported, shell === 'bash');
    assert.ok(codes.has(1), 'without a shortage a refusal is passed on');
  });

  test('a limit of a group above counts, too', async () => {
    for (const limit of [2, 100]) {
      const { code, stderr } = await call(limit, 'prepare begin', true);
      assert.is(code, limit === 2 ? 0 : 1);
      assert.is(/fork/i.test(stderr), limit === 2 && shell !== 'bash');
    }
  });
  test.run();
}
