import { chmodSync } from 'node:fs';
import { hostname } from 'node:os';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { assertOwnDomains } from '../../src/cli/host/other-host.js';
import { runInProcess } from '../support/cli-in-process.js';
import { TemporaryFolder } from '../support/temporary-folder.js';

const test = suite('libvirt of another host');
const ALL = { paths: [], domains: [] };
const REFUSED = /is the libvirt of another host, whose interrupts cannot be seen from here: run hostdev-cpuset there/;

test('the URI of another host is refused', () => {
  for (const connect of [
    'qemu+ssh://host/system',
    'qemu+ssh://root@host.example.com:22/system?no_tty=1',
    'qemu+tls://[2001:db8::1]/system',
    'qemu://host/system',
  ])
    assert.throws(() => assertOwnDomains({ ...ALL, connect }, { env: {} }), REFUSED, connect);
  for (const name of ['LIBVIRT_DEFAULT_URI', 'VIRSH_DEFAULT_CONNECT_URI'])
    assert.throws(() => assertOwnDomains(ALL, { env: { [name]: 'qemu+ssh://host/system' } }), REFUSED, name);
});

test('one of this host is not', () => {
  for (const connect of [
    undefined,
    'qemu:///system',
    'qemu+unix:///system?socket=/run/a//b',
    'qemu+ssh://root@localhost/system',
    'qemu+tcp://127.0.0.1:16509/system',
    'qemu+tls://[::1]/system',
    `qemu+ssh://${hostname()}/system`,
    'test:///default',
    'test:////tmp/node.xml',
  ])
    assertOwnDomains({ ...ALL, connect }, { env: {} });
});

test('of an alias, virsh says which host it is', () => {
  const folder = new TemporaryFolder();
  const script = '#!/bin/sh\ncase "$*" in\n*far*) echo qemu+ssh://host/system;;\n*) echo qemu:///system;;\nesac\n';
  chmodSync(folder.write('virsh', script), 0o755);
  const env = { PATH: `${folder.path}:${process.env.PATH}` };
  try {
    assert.throws(() => assertOwnDomains({ ...ALL, connect: 'far' }, { env }), /^qemu\+ssh:\/\/host\/system is the/);
    assertOwnDomains({ ...ALL, connect: 'near' }, { env });
    // libvirt reads the default, too, if the URI is empty
    const other = { ...env, LIBVIRT_DEFAULT_URI: 'qemu+ssh://host/system' };
    assert.throws(() => assertOwnDomains({ ...ALL, connect: '' }, { env: other }), REFUSED);
  } finally {
    folder.remove();
  }
});

test('nor if libvirt is not asked, or if the files of that host are named', () => {
  const connect = 'qemu+ssh://host/system';
  for (const more of [{ root: '/mnt/host' }, { paths: ['guest.xml'] }, { discover: ['proc'] as const }])
    assertOwnDomains({ ...ALL, connect, ...more }, { env: {} });
});

test('status, its check and page, and plan say so', async () => {
  for (const [command, ...args] of [['status'], ['status', '--check'], ['plan', 'guest'], ['status', '--html', '-']]) {
    const words = [command as string, ...args, '-c', 'qemu+ssh://host/system'];
    const { code, stdout, stderr } = await runInProcess('hostdev-cpuset', words);
    assert.match(stdout + stderr, REFUSED, words.join(' '));
    assert.is(code, 2);
  }
});

test.run();
