import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { projectRoot } from '../support/cli.js';
import { validateSarif } from '../support/json-schemas.js';
import { needs, suiteWhere, type Tool } from '../support/needs.js';
import { Sandbox } from './sandbox.js';

/** A test with its own sandbox, in a suite that needs these tools. */
function example(name: string, tools: Tool[], check: (sandbox: Sandbox) => Promise<void>): void {
  const test = suiteWhere(`example: ${name}`, needs(...tools));
  test(name, async () => {
    const sandbox = new Sandbox();
    try {
      await check(sandbox);
    } finally {
      sandbox.remove();
    }
  });
  test.run();
}

/** A repository with a good and a bad definition in domains/, staged for a commit. */
const REPOSITORY = `git init -q . && mkdir domains && cp workstation.xml domains/good.xml
  cp samples/bad/cpuset-syntax.xml domains/bad.xml && git add -f domains`;

example('pre-commit hook of this repository', ['pre-commit'], async (sandbox) => {
  const { code, stdout } = await sandbox.shell(`pre-commit validate-manifest '${projectRoot}.pre-commit-hooks.yaml'`);
  assert.is(code, 0, stdout);
  const config = await sandbox.shell('pre-commit validate-config examples/pre-commit-config.yaml');
  assert.is(config.code, 0, config.stdout);
});

example('github-workflow', ['libvirt-schemas'], async (sandbox) => {
  const workflow = readFileSync(join(projectRoot, 'examples/github-workflow.yaml'), 'utf8');
  const [annotate = '', scan = '', more] = [...workflow.matchAll(/^ +run: (lint-domain .*)$/gm)].map(
    (match) => match[1],
  );
  assert.is(more, undefined);
  const source = /^ +HOSTDEV_CPUSET: (.*)$/m.exec(workflow)?.[1] ?? '';
  assert.match(source, /^(?:git\+)?https:\/\/[^ ]+(?:\.tgz|\.git#v[\d.]+)$/, 'a file or a tag, and no name on npm');
  assert.match(workflow, 'npm install --global "$HOSTDEV_CPUSET"\n');
  const annotated = await sandbox.shell(`${REPOSITORY}; ${annotate}`);
  assert.is(annotated.code, 1);
  assert.match(annotated.stdout, '::error file=domains/bad.xml,line=37,');
  const scanned = await sandbox.shell(`${scan}; echo status $?; cat domains.sarif`);
  assert.match(scanned.stdout, /^status 0\n/);
  validateSarif(JSON.parse(scanned.stdout.slice('status 0\n'.length)));
});

example('virt-install-define', ['virt-install', 'virsh', 'libvirt-schemas'], async (sandbox) => {
  // libvirt's test driver has no PCI devices for --hostdev 06:12.5, so the device is given in full.
  const device = ['@mode=subsystem', '@type=pci', '@managed=yes']
    .concat(['bus=0x06', 'slot=0x12', 'function=0x5'].map((field) => `source/address/@${field}`))
    .map((text) => `--xml ./devices/hostdev/${text}`);
  const guest = '--name guest --memory 1024 --vcpus 2,cpuset=1-2 --disk none --import --osinfo detect=on,require=off';
  const { code, stdout, stderr } = await sandbox.shell(
    `examples/virt-install-define test:///default ${guest} ${device.join(' ')} && virsh dumpxml guest`,
  );
  assert.is(code, 0, stderr);
  assert.match(stdout, "Domain 'guest' defined");
  assert.match(stdout, '<hostdevs xmlns="urn:hostdev-cpuset:1" default="auto"/>');
});
