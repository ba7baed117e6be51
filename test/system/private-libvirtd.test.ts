import { spawn } from 'node:child_process';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import * as assert from 'uvu/assert';
import { projectRoot } from '../support/cli.js';
import { namespaceOf, processesIn } from '../support/namespace-processes.js';
import { needs, suiteWhere } from '../support/needs.js';
import { startLibvirtd } from '../support/private-libvirtd.js';

const test = suiteWhere(
  'private libvirtd',
  needs('virsh', 'libvirtd', 'libvirt-qemu-driver', 'qemu-system-x86_64', 'mount-namespace'),
);

const guest = `<domain type='qemu'><name>small</name><memory unit='MiB'>32</memory><vcpu>1</vcpu>
<os><type arch='x86_64' machine='q35'>hvm</type></os><devices><memballoon model='none'/></devices></domain>`;

test('it runs guests and hooks, and its end ends all their processes', async () => {
  const { directory, virsh, stop } = await startLibvirtd();
  const namespace = namespaceOf(directory);
  try {
    const hook = `${directory}/etc/libvirt/hooks/qemu`;
    writeFileSync(hook, '#!/bin/sh\necho "$1 $2" >>/run/hook-calls\n');
    chmodSync(hook, 0o755);
    writeFileSync(`${directory}/run/small.xml`, guest);
    const created = await virsh(['create', `${directory}/run/small.xml`]);
    assert.is(created.code, 0, created.stderr);
    assert.match(readFileSync(`${directory}/run/hook-calls`, 'utf8'), /^small started$/m);
    assert.is(processesIn(namespace).filter((name) => name.startsWith('qemu-system')).length, 1);
  } finally {
    await stop();
  }
  await allGone(namespace);
});

test('it ends with a test that is killed', async () => {
  const support = JSON.stringify(`${projectRoot}test/support/private-libvirtd.ts`);
  const program = `import(${support}).then(async ({ startLibvirtd }) => console.log((await startLibvirtd()).directory))`;
  const child = spawn(process.execPath, ['--import', 'tsx', '-e', program], {
    cwd: projectRoot,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const line = await new Promise<string>((resolve, reject) => {
    child.stdout.once('data', (chunk: Buffer) => resolve(chunk.toString().trim()));
    child.once('close', () => reject(new Error('it started no libvirtd')));
  });
  const namespace = namespaceOf(line);
  assert.ok(processesIn(namespace).includes('libvirtd'));
  child.kill('SIGKILL');
  await allGone(namespace);
});

test.run();

/** Killed processes end with a delay. */
async function allGone(namespace: string): Promise<void> {
  for (let tries = 0; tries < 200 && processesIn(namespace).length > 0; tries++) await sleep(50);
  assert.equal(processesIn(namespace), []);
}
