import { existsSync, statSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Labels, type SelinuxCheck, selinuxDenial } from '../../src/install/hook-selinux.js';
import { writeHookFile } from '../../src/install/install-hook.js';
import { type SelinuxPolicy, selinuxMode } from '../../src/install/selinux.js';
import { ToolError } from '../../src/lib/errors.js';
import { TemporaryFolder } from '../support/temporary-folder.js';

const test = suite('SELinux access of libvirt to the hook');

const HOOK = '/etc/libvirt/hooks/qemu.d/hostdev-cpuset';
/** Stands for libvirtd, and exists on every machine. */
const DAEMON = '/bin/sh';
const context = (type: string) => `system_u:system_r:${type}:s0`;

/** A policy where virtd_t starts hook_exec_t as hook_t. */
const OPEN: SelinuxPolicy = {
  init: () => context('init_t'),
  labelFor: () => context('hook_exec_t'),
  labelOf: () => context('shell_exec_t'),
  domainOf: (process, label) => {
    if (process === context('init_t')) return context('virtd_t');
    return label === context('hook_exec_t') ? context('hook_t') : process;
  },
  denied: () => [],
};

const ask = (question: Partial<SelinuxCheck> = {}) =>
  selinuxDenial(HOOK, {
    prefix: '',
    isNosuid: false,
    policy: OPEN,
    mode: 'enforcing',
    daemons: [DAEMON],
    ...question,
  });

test('a file with a wrong label is written again, instead of relabelled by name', () => {
  const folder = new TemporaryFolder();
  try {
    const file = { path: folder.join('hooks/qemu'), mode: 0o755, text: '#!/bin/sh\n' };
    const options = { prefix: '', dryRun: false, force: false };
    let label = 'right';
    const created: string[] = [];
    const labels: Labels = {
      init: () => 'init',
      labelFor: () => 'right',
      labelOf: () => label,
      createAs(wanted, action) {
        const before = statSync(file.path, { throwIfNoEntry: false })?.ino;
        const result = action();
        if (statSync(file.path).ino === before) return result;
        label = wanted;
        created.push(wanted);
        return result;
      },
    };
    assert.is(writeHookFile(file, options, labels).done, 'created');
    assert.is(writeHookFile(file, options, labels).done, 'unchanged');
    assert.equal(created.splice(0), ['right']);
    label = 'wrong';
    assert.is(writeHookFile(file, options, labels).done, 'updated');
    assert.equal(created.splice(0), ['right']);
    const stubborn = { ...labels, labelOf: () => 'wrong' };
    const line = `cannot set the label right on ${file.path}`;
    assert.throws(
      () => writeHookFile(file, options, stubborn),
      (error: unknown) => error instanceof ToolError && error.message === line,
    );
    assert.not(existsSync(file.path));
  } finally {
    folder.remove();
  }
});

test('SELinux is not queried if it is not enforcing', () => {
  assert.is(ask({ mode: 'off', policy: { ...OPEN, denied: () => undefined } }), undefined);
});

test('access that the policy allows is not reported', () => assert.is(ask(), undefined));

const ACCESSES = [
  'virtd_t hook_exec_t:file getattr',
  'virtd_t hook_exec_t:file open',
  'virtd_t hook_exec_t:file execute',
  'virtd_t shell_exec_t:file open',
  'virtd_t shell_exec_t:file execute',
  'hook_t shell_exec_t:file read',
  'hook_t shell_exec_t:file execute',
  'hook_t shell_exec_t:file map',
  'hook_t hook_exec_t:file read',
  'hook_t hook_exec_t:file open',
  'hook_t hook_exec_t:file getattr',
  'hook_t hook_exec_t:file entrypoint',
  'virtd_t hook_t:process transition',
  'hook_t virtd_t:fd use',
];

/** A policy that denies one access. */
function without(access: string, policy = OPEN): SelinuxPolicy {
  const [source, rest = '', permission = ''] = access.split(' ');
  const [target, tclass] = rest.split(':');
  return {
    ...policy,
    denied: (from, to, what, permissions) => {
      const isMeant = from === context(source as string) && to === context(target as string) && what === tclass;
      return isMeant ? permissions.filter((name) => name === permission) : [];
    },
  };
}

for (const access of ACCESSES)
  test(`${access}: required, and reported if denied`, () => {
    assert.equal(ask({ policy: without(access) }), { certain: true, what: access });
  });

test('without its own domain the hook needs execute_no_trans, and no transition', () => {
  const policy = { ...OPEN, domainOf: () => context('virtd_t') };
  assert.is(ask({ policy: without('virtd_t hook_t:process transition', policy) }), undefined);
  const access = 'virtd_t hook_exec_t:file execute_no_trans';
  assert.equal(ask({ policy: without(access, policy) }), { certain: true, what: access });
});

test('on a nosuid mount the transition needs nosuid_transition', () => {
  const policy = without('virtd_t hook_t:process2 nosuid_transition');
  assert.is(ask({ policy }), undefined);
  assert.is(ask({ policy, isNosuid: true })?.what, 'virtd_t hook_t:process2 nosuid_transition');
});

test('one daemon without access is sufficient for a denial', () => {
  const policy: SelinuxPolicy = {
    ...OPEN,
    labelOf: (path) => context(path === '/bin/cat' ? 'virtqemud_exec_t' : 'shell_exec_t'),
    domainOf: (process, label) =>
      label === context('virtqemud_exec_t') ? context('virtqemud_t') : OPEN.domainOf(process, label),
    denied: (source, _, __, permissions) => (source === context('virtqemud_t') ? [...permissions] : []),
  };
  assert.is(ask({ policy }), undefined);
  assert.match(ask({ policy, daemons: [DAEMON, '/bin/cat'] })?.what ?? '', /^virtqemud_t hook_exec_t:file /);
});

for (const [what, question, words] of [
  ['an image', { prefix: '/srv/image' }, 'the policy of an image is not loaded on this host'],
  ['no label', { policy: { ...OPEN, labelFor: () => undefined } }, 'matchpathcon gives no label for it'],
  ['no labels of files', { policy: { ...OPEN, labelOf: () => undefined } }, 'the kernel gives no labels'],
  ['no context of init', { policy: { ...OPEN, init: () => undefined } }, 'the kernel gives no labels'],
  ['no daemon', { daemons: ['/none/libvirtd'] }, '/usr/sbin has neither libvirtd nor virtqemud'],
  ['no domain', { policy: { ...OPEN, domainOf: () => undefined } }, `the kernel does not give the domain of ${DAEMON}`],
  ['no answer', { policy: { ...OPEN, denied: () => undefined } }, 'the kernel does not answer'],
] as [string, Partial<SelinuxCheck>, string][])
  test(`${what}: reported as unknown`, () => {
    assert.equal(ask(question), { certain: false, what: words });
  });

test("an image's mode is read from its configuration", () => {
  const folder = new TemporaryFolder();
  assert.is(selinuxMode(folder.path), 'off');
  folder.write('etc/selinux/config', '# SELINUX=enforcing\nSELINUX=permissive\n');
  assert.is(selinuxMode(folder.path), 'off');
  folder.write('etc/selinux/config', 'SELINUXTYPE=targeted\nSELINUX=enforcing\n');
  assert.is(selinuxMode(folder.path), 'enforcing');
  folder.remove();
});

test.run();
