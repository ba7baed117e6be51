import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseArguments } from '../../src/cli/arguments.js';
import { plainCheck } from '../../src/cli/check-arguments.js';
import { runCli } from '../support/cli.js';
import { ELSEWHERE, guestOn, RunningHost } from '../support/running-host.js';

const test = suite('arguments of status --check');

test('what it reads, it reads as the parser of all commands', async () => {
  for (const line of [
    '--check',
    '--check --root /mnt',
    '--root ./mnt --check guest other-guest',
    'guest --check -c qemu:///system',
    '--connect qemu+ssh://host/system --root / --check 1 5b1c2ad4-9f0e-4c39-8a53-0e6c3c1f7a10',
    '--check a|b',
    '--check --root /host --discover proc',
  ]) {
    const args = ['status', ...line.split(' ')];
    const request = await parseArguments('hostdev-cpuset', args);
    const given = Object.entries(request.command === 'status' ? request.options : {});
    assert.equal(plainCheck(args), Object.fromEntries(given.filter(([, value]) => value !== undefined)), line);
  }
});

test('anything else is left to that parser, which reports mistakes', () => {
  for (const line of [
    'status',
    'plan --check',
    'status --check --check',
    'status --check=yes',
    'status --check --json',
    'status --check --discover pod',
    'status --check --discover libvirt,proc',
    'status --check --rot /mnt',
    'status --check --root',
    'status --check --root --check',
    'status --check --root /a --root /b',
    'status --check --root=/a',
    'status --check -cqemu:///system',
    'status --check guest.xml',
    'status --check ./guest',
    'status --check -',
    'status --check -- guest',
    'status --check --help',
  ])
    assert.is(plainCheck(line.split(' ')), undefined, line);
  assert.is(plainCheck(['status', '--check', '']), undefined);
  assert.is(plainCheck(['status', '--check', '--root', '']), undefined);
});

test('the executable prints the same either way', async () => {
  const host = new RunningHost([guestOn('router', ELSEWHERE)]);
  try {
    const run = (...args: string[]) => runCli('hostdev-cpuset', ['status', '--root', host.root, '--check', ...args]);
    const plain = await run();
    assert.match(plain.stdout, /^PROBLEM: 1 interrupt misplaced \(router\); [^\n]+\n$/);
    assert.is(plain.code, 1);
    assert.equal(await run('--discover', 'libvirt,proc'), plain);
    const absent = await run('nobody');
    assert.match(absent.stdout, /^FAILED: no domain nobody /);
    assert.is(absent.code, 2);
    assert.equal(await run('--', 'nobody'), absent);
    assert.match((await run('--jsn')).stderr, 'did you mean --json?');
  } finally {
    host.remove();
  }
});

test.run();
