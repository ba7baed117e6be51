import { chmodSync, writeFileSync } from 'node:fs';
import * as assert from 'uvu/assert';
import { runCli } from '../support/cli.js';
import { needs, suiteWhere } from '../support/needs.js';
import { type PrivateLibvirtd, startLibvirtd } from '../support/private-libvirtd.js';
import { TemporaryFolder } from '../support/temporary-folder.js';

const test = suiteWhere(
  'define and edit in a real libvirtd',
  needs('virsh', 'libvirtd', 'libvirt-qemu-driver', 'qemu-system-x86_64', 'mount-namespace'),
);
let libvirtd: PrivateLibvirtd;
let folder: TemporaryFolder;
test.before(async () => {
  folder = new TemporaryFolder();
  libvirtd = await startLibvirtd();
});
test.after(() => libvirtd?.stop());
test.after(() => folder.remove());

const guest = `<domain type='qemu'>
  <name>edited</name>
  <memory unit='MiB'>32</memory>
  <vcpu cpuset='0'>1</vcpu>
  <os><type arch='x86_64' machine='q35'>hvm</type></os>
  <devices>
    <graphics type='vnc' autoport='yes' passwd='s3cret'/>
    <hostdev mode='subsystem' type='pci' managed='no' cpuset='auto'>
      <source><address domain='0' bus='0x06' slot='0x12' function='5'/></source>
    </hostdev>
    <memballoon model='none'/>
  </devices>
</domain>
`;

const define = (xml: string) => runCli('hostdev-cpuset', ['define', '-c', libvirtd.uri], { input: xml });
const dump = async () => (await libvirtd.virsh(['dumpxml', '--inactive', '--security-info', 'edited'])).stdout;

function edit(script: string) {
  const path = folder.join('editor');
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
  const env = { ...process.env, VISUAL: `'${path}'`, TMPDIR: folder.path };
  return runCli('hostdev-cpuset', ['edit', '-c', libvirtd.uri, 'edited'], { env });
}

test('a defined domain has its policy as metadata', async () => {
  const { code, stdout, stderr } = await define(guest);
  assert.is(code, 0, stderr);
  assert.is(stdout, "Domain 'edited' defined from <stdin>\n");
  assert.match(await dump(), /<hostdev address="0000:06:12.5" cpuset="auto"\/>/);
});

test('an edited domain has the new policy, and its password is kept', async () => {
  const { code, stdout, stderr } = await edit(`sed -i "s/cpuset='auto'/cpuset='3'/" "$1"`);
  assert.is(code, 0, stderr);
  assert.is(stdout, "Domain 'edited' edited.\n");
  const xml = await dump();
  assert.match(xml, /<hostdev address="0000:06:12.5" cpuset="3"\/>/);
  assert.match(xml, /passwd='s3cret'/);
});

test('a rejection by libvirt is reported, and changes nothing', async () => {
  const before = await dump();
  const { code, stderr } = await edit(`sed -i "s/machine='[^']*'/machine='unheard-of'/" "$1"`);
  assert.match(stderr, /libvirt refuses it: .*machine.*\n.*your text is kept in /);
  assert.is(code, 1);
  assert.is(await dump(), before);
});

test('a change of a running domain takes effect at its next start', async () => {
  const running = guest.replace(/ {4}<hostdev[\s\S]*<\/hostdev>\n/, '').replace(/ {4}<graphics.*\n/, '');
  const uuid = (await libvirtd.virsh(['domuuid', 'edited'])).stdout.trim();
  assert.is((await define(running.replace('<memory', `<uuid>${uuid}</uuid><memory`))).code, 0);
  const started = await libvirtd.virsh(['start', 'edited']);
  assert.is(started.code, 0, started.stderr);
  const { code, stdout, stderr } = await edit(`sed -i "s/cpuset='0'/cpuset='0-1'/" "$1"`);
  assert.is(code, 0, stderr);
  assert.is(stdout, "Domain 'edited' edited.\nThe domain is running; the change takes effect at its next start.\n");
  assert.match(await dump(), "cpuset='0-1'");
});

test.run();
