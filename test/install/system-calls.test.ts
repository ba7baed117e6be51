import { readFileSync } from 'node:fs';
import * as assert from 'uvu/assert';
import { Watching } from '../cli/watching.js';
import { projectRoot } from '../support/cli.js';
import { needs, suiteWhere } from '../support/needs.js';
import { run } from '../support/run.js';
import { until } from '../support/until.js';

const test = suiteWhere(
  'system calls of the service',
  needs('strace', 'systemd-analyze', 'virsh', 'systemd-notify', 'setpriv'),
);
/** A system call of setpriv. If it is forbidden, virsh is started without setpriv. */
const FORBIDDEN_FALLBACK = ['capset'];
let host: Watching;
test.before.each(() => {
  host = new Watching();
});
test.after.each(() => host.remove());

test('all system calls of watch and its helpers, with the real virsh, are allowed by the unit', async () => {
  const log = host.root.join('calls');
  host.virsh(`PATH='${process.env.PATH}' exec virsh "$@"`);
  const env = { NOTIFY_SOCKET: host.root.join('none'), WATCHDOG_USEC: '200000' };
  const around = ['strace', '--follow-forks', '--quiet=all', `--output=${log}`];
  await host.start(['-c', 'test:///default', '--metrics', host.root.join('x.prom')], env, around);
  host.spool();
  await host.placed();
  await until('virsh is started', () => /execve\("[^"]*virsh"/.test(readFileSync(log, 'utf8')));
  host.signalWatcher('SIGHUP');
  await host.says('configuration reloaded');
  host.signalWatcher('SIGTERM');
  assert.equal(await host.end(), { code: 0, signal: null });
  const used = new Set(
    [...readFileSync(log, 'utf8').matchAll(/^\d+ +([a-z_]\w*)\(/gm)].map(([, name]) => name as string),
  );
  const { allowed, forbidden } = await filterOf();
  const wrong = [...used].filter(
    (name) => (!allowed.has(name) || forbidden.has(name)) && !FORBIDDEN_FALLBACK.includes(name),
  );
  assert.equal(wrong, []);
  assert.ok(used.size > 40, `${used.size} are not a complete run`);
});

test.run();

/** The system calls that the unit's SystemCallFilter= allows and forbids. */
async function filterOf(): Promise<{ allowed: Set<string>; forbidden: Set<string> }> {
  const unit = readFileSync(`${projectRoot}service/hostdev-cpuset.service`, 'utf8');
  const lines = [...unit.matchAll(/^SystemCallFilter=(~?)(.*)$/gm)];
  const callsOf = async (isForbidden: boolean) => {
    const groups = lines
      .filter(([, tilde]) => (tilde === '~') === isForbidden)
      .flatMap(([, , words = '']) => words.split(' '));
    return new Set((await Promise.all(groups.map(membersOf))).flat());
  };
  return { allowed: await callsOf(false), forbidden: await callsOf(true) };
}

async function membersOf(group: string): Promise<string[]> {
  if (!group.startsWith('@')) return [group];
  const { code, stdout, stderr } = await run('systemd-analyze', ['syscall-filter', group]);
  assert.is(code, 0, stderr);
  const words = stdout
    .split('\n')
    .slice(1)
    .map((line) => line.trim());
  const members = words.filter((word) => word !== '' && !word.startsWith('#'));
  return (await Promise.all(members.map(membersOf))).flat();
}
