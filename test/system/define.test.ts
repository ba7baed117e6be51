import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { runInProcess } from '../support/cli-in-process.js';
import { needs, suiteWhere } from '../support/needs.js';
import { readPolicies } from '../support/policies.js';
import { type PrivateLibvirtd, startLibvirtd } from '../support/private-libvirtd.js';
import { run } from '../support/run.js';
import { goodSamples } from '../support/samples.js';

/** That of OpenStack states no policy: the host's rules have it. */
const samples = goodSamples().filter(({ file }) => file !== 'openstack.xml');
let folder: string;
let libvirtd: PrivateLibvirtd;
let hasKvm: boolean;

const fake = suiteWhere("define in libvirt's test driver", needs('virsh'));
fake.before(makeFolder);
fake.after(removeFolder);

fake('there are good samples, each with a policy', () => {
  assert.ok(samples.length >= 4);
  for (const { file, text } of samples) assert.ok(Object.keys(readPolicies(text)).length > 0, file);
});

for (const { file, text } of samples) {
  fake(`${file}: every policy is preserved`, async () => {
    const path = save(await convert('normalize', text));
    // Each connection to test:///default is independent, so one virsh does both.
    const commands = `define --validate '${path}'; dumpxml --inactive ${nameOf(text)}`;
    const { code, stdout, stderr } = await run('virsh', ['-c', 'test:///default', commands]);
    assert.is(code, 0, stderr);
    const dumped = stdout.slice(stdout.indexOf('<domain'));
    assert.equal(readPolicies(await convert('expand', dumped)), readPolicies(text));
  });
}

fake.run();

const real = suiteWhere(
  'define in a real libvirtd',
  needs('virsh', 'libvirtd', 'libvirt-qemu-driver', 'qemu-system-x86_64', 'mount-namespace'),
);
real.before(makeFolder);
real.before(async () => {
  libvirtd = await startLibvirtd();
  hasKvm = (await libvirtd.virsh(['domcapabilities', '--virttype', 'kvm'])).code === 0;
});
real.after(() => libvirtd?.stop());
real.after(removeFolder);

for (const sample of samples) {
  real(`${sample.file}: every policy is preserved, and a second round changes nothing`, async () => {
    const text = forThisHost(sample.text);
    const dumped = await define(await convert('normalize', text));
    const expanded = await convert('expand', dumped);
    assert.equal(readPolicies(expanded), readPolicies(text));
    assert.equal(readPolicies(dumped), {}, 'libvirt keeps no attribute');

    const again = await define(await convert('normalize', expanded));
    assert.is(again, dumped);
    assert.is(await convert('expand', again), expanded);
  });

  real(`${sample.file}: libvirt alone rejects the policies or drops them`, async () => {
    const text = forThisHost(sample.text);
    const path = save(text);
    const rejected = await libvirtd.virsh(['define', '--validate', path]);
    assert.is(rejected.code, 1);
    assert.match(rejected.stderr, 'XML document failed to validate against schema');

    const accepted = await libvirtd.virsh(['define', path]);
    assert.is(accepted.code, 0, accepted.stderr);
    const dumped = await dump(nameOf(text));
    assert.equal(readPolicies(dumped), {});
    assert.equal(readPolicies(await convert('expand', dumped)), {});
  });
}

real.run();

/** Defines a domain with validation, and returns its definition from libvirt. */
async function define(xml: string): Promise<string> {
  const { code, stderr } = await libvirtd.virsh(['define', '--validate', save(xml)]);
  assert.is(code, 0, stderr);
  return dump(nameOf(xml));
}

async function dump(name: string): Promise<string> {
  const { code, stdout, stderr } = await libvirtd.virsh(['dumpxml', '--inactive', name]);
  assert.is(code, 0, stderr);
  return stdout;
}

async function convert(command: 'normalize' | 'expand', xml: string): Promise<string> {
  const { code, stdout, stderr } = await runInProcess('hostdev-cpuset', [command], { input: xml });
  assert.is(code, 0, stderr);
  return stdout;
}

/** The samples are written for KVM. On a machine without it libvirt rejects them, so they are changed to emulation. */
function forThisHost(xml: string): string {
  if (hasKvm) return xml;
  return xml.replace("<domain type='kvm'", "<domain type='qemu'").replace("mode='host-passthrough'", "mode='maximum'");
}

function nameOf(xml: string): string {
  return /<name>(.*?)<\/name>/.exec(xml)?.[1] ?? '';
}

function makeFolder(): void {
  folder = mkdtempSync(join(tmpdir(), 'hostdev-cpuset-define-'));
}

function removeFolder(): void {
  rmSync(folder, { recursive: true });
}

// virsh opens its file by name, and cannot open a pipe from Node, which is a socket.
function save(xml: string): string {
  const path = join(folder, 'domain.xml');
  writeFileSync(path, xml);
  return path;
}
