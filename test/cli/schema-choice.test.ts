import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { casesOf } from '../schema/cases.js';
import { projectRoot } from '../support/cli.js';
import { runInProcess } from '../support/cli-in-process.js';
import { domain, GOOD, hostdev } from '../support/domains.js';
import { libvirtSchemas, needs, suiteWhere } from '../support/needs.js';
import { type Outcome, run } from '../support/run.js';
import { TemporaryFolder } from '../support/temporary-folder.js';

type Context = { folder: TemporaryFolder };
/** Only libvirt's schema reports this one: the built-in grammar does not validate disks. */
const BAD_DISK = domain("    <disk type='file'><target dev='vda' bus='foo'/></disk>\n");
const NOTE = /^note: .*libvirt's schemas were not found.*\n$/;

const named = suiteWhere('lint-domain --schemas', needs('libvirt-schemas')) as ReturnType<typeof suite<Context>>;
const folders: TemporaryFolder[] = [];
const temporary = () => {
  const folder = new TemporaryFolder();
  folders.push(folder);
  return folder;
};
const removeAll = () => {
  for (const folder of folders.splice(0)) folder.remove();
};
named.after(removeAll);

for (const engine of ['auto', 'libxml2-wasm']) {
  named(`a directory with spaces and % in its name (--engine ${engine})`, async () => {
    const folder = temporary();
    const schemas = folder.join("libvirt's 100% %41 schemas & more");
    cpSync(libvirtSchemas() as string, schemas, { recursive: true });
    const bad = folder.write('bad disk.xml', BAD_DISK);
    const good = folder.write('good.xml', GOOD);
    const byOption = await runInProcess('lint-domain', ['--engine', engine, '--schemas', schemas, bad, good]);
    assert.match(byOption.stdout, /^.*bad disk\.xml:8:\d+: error: .*bus.* \[schema\]$/m);
    assert.match(byOption.stdout, '2 files: 1 error, 0 warnings\n');
    assert.is(byOption.stderr, '');
    assert.is(byOption.code, 1);
    const env = { LIBVIRT_SCHEMAS: schemas };
    assert.equal(await runInProcess('lint-domain', ['--engine', engine, bad, good], { env }), byOption);
    const relative = ['--engine', engine, '--schemas', schemas.slice(folder.path.length + 1), bad, good];
    assert.equal(await runInProcess('lint-domain', relative, { cwd: folder.path }), byOption);
  });
}

named('a FIFO among the schemas does not block', async () => {
  const folder = temporary();
  const schemas = folder.join('schemas');
  cpSync(libvirtSchemas() as string, schemas, { recursive: true });
  rmSync(join(schemas, 'cpu.rng'));
  execFileSync('mkfifo', [join(schemas, 'cpu.rng')]);
  for (const engine of ['auto', 'libxml2-wasm']) {
    const { code, stderr } = await runInProcess('lint-domain', ['--engine', engine, '--schemas', schemas], {
      input: GOOD,
    });
    assert.is(stderr, `lint-domain: ${join(schemas, 'cpu.rng')} is not a regular file\n`);
    assert.is(code, 2);
  }
});

named('--schemas takes precedence over $LIBVIRT_SCHEMAS', async () => {
  const env = { LIBVIRT_SCHEMAS: '/nowhere' };
  const args = ['--schemas', libvirtSchemas() as string];
  const { code, stderr } = await runInProcess('lint-domain', args, { env, input: GOOD });
  assert.is(stderr, '');
  assert.is(code, 0);
});

named('xmllint is asked only about documents on which its verdict may differ', async () => {
  const folder = temporary();
  const log = folder.join('log');
  chmodSync(folder.write('bin/xmllint', `#!/bin/sh\necho run >>'${log}'\nexit 0\n`), 0o755);
  const env = { PATH: `${folder.join('bin')}:${process.env.PATH}`, LIBVIRT_SCHEMAS: libvirtSchemas() as string };
  const lint = (...args: string[]) => runInProcess('lint-domain', args, { env });
  const good = folder.write('good.xml', GOOD);
  assert.is((await lint(good)).code, 0);
  assert.is((await lint(folder.write('bad.xml', BAD_DISK))).code, 1);
  assert.not(existsSync(log));
  // libxml2 rejects this order
  const uuid = '<uuid>c2177883-f1bb-47f0-914d-32a22e3a8804</uuid>';
  const apart = `<domain type='kvm'><name>a</name><memory>1</memory>${uuid}<vcpu>1</vcpu><os><type>hvm</type></os></domain>`;
  await lint(folder.write('apart.xml', apart));
  assert.is(readFileSync(log, 'utf8'), 'run\n');
  await lint('--engine', 'xmllint', good);
  assert.is(readFileSync(log, 'utf8'), 'run\nrun\n');
});

named('all engines report the same messages', async () => {
  const folder = temporary();
  for (const one of casesOf('valid')) folder.write(`valid/${one.name}.xml`, one.bytes());
  for (const one of casesOf('invalid')) folder.write(`invalid/${one.name}.xml`, one.bytes());
  const files = ['samples', folder.path];
  const bySoftware = await runInProcess('lint-domain', ['--json', '--engine', 'libxml2-wasm', ...files], {
    cwd: projectRoot,
  });
  const byDefault = await runInProcess('lint-domain', ['--json', ...files], { cwd: projectRoot });
  const onlyNode = { cwd: projectRoot, env: { PATH: '/nowhere' } };
  const withoutXmllint = await runInProcess('lint-domain', ['--json', ...files], onlyNode);
  assert.ok(JSON.parse(byDefault.stdout).summary.errors > 50);
  assert.equal(JSON.parse(bySoftware.stdout), JSON.parse(byDefault.stdout));
  assert.equal(withoutXmllint, bySoftware);
});
named.run();

const wrong = suite('lint-domain with a missing schema');
wrong.after(removeAll);

for (const program of ['lint-domain', 'hostdev-cpuset'] as const) {
  const command = program === 'lint-domain' ? [] : ['normalize'];
  wrong(`${program}: a directory without domain.rng is a usage error`, async () => {
    const folder = temporary();
    mkdirSync(folder.join('empty'));
    const inside = { cwd: folder.path, input: GOOD };
    const expected = (origin: string) => ({
      code: 2,
      stdout: '',
      stderr: `${program}: ${origin}: no domain.rng in ${folder.join('empty')}\n`,
    });
    assert.equal(await runInProcess(program, [...command, '--schemas', 'empty'], inside), expected('--schemas'));
    const env = { LIBVIRT_SCHEMAS: folder.join('empty') };
    assert.equal(await runInProcess(program, command, { ...inside, env }), expected('$LIBVIRT_SCHEMAS'));
  });
}

wrong('--engine xmllint without xmllint is an error', async () => {
  const { code, stdout, stderr } = await runInProcess('lint-domain', ['--engine', 'xmllint'], {
    env: { PATH: '/nowhere' },
    input: GOOD,
  });
  assert.is(stdout, '');
  assert.match(stderr, /^lint-domain: xmllint was not found \(Debian: libxml2-utils.*\)\n$/);
  assert.is(code, 2);
});

wrong('a schema that does not compile is an error', async () => {
  const folder = temporary();
  folder.write(
    'domain.rng',
    '<grammar xmlns="http://relaxng.org/ns/structure/1.0"><start><ref name="x"/></start></grammar>',
  );
  for (const engine of ['auto', 'libxml2-wasm']) {
    const args = ['--engine', engine, '--schemas', folder.path];
    const { code, stdout, stderr } = await runInProcess('lint-domain', args, { input: GOOD });
    assert.is(stdout, '');
    assert.match(stderr, /^lint-domain: the schema does not compile: [^\n]+\n$/);
    assert.is(code, 2);
  }
});
wrong.run();

// If libvirt is installed, a mount namespace hides its schemas.
const without = suiteWhere('lint-domain without libvirt', libvirtSchemas() === null ? [] : needs('mount-namespace'));
without.after(removeAll);

const HIDE =
  'for folder in /usr/share/libvirt /usr/local/share/libvirt; do if [ -d $folder ]; then mount -t tmpfs none $folder; fi; done; exec "$@"';

function withoutLibvirt(bin: string, args: string[], input: string): Promise<Outcome> {
  const call = [process.execPath, `${projectRoot}dist/bin/${bin}.cjs`, ...args];
  const { LIBVIRT_SCHEMAS: _, ...inherited } = process.env;
  const options = { input, env: { ...inherited, NO_COLOR: '1' } };
  const [command = '', ...rest] =
    libvirtSchemas() === null ? call : ['unshare', '--mount', 'sh', '-ec', HIDE, 'sh', ...call];
  return run(command, rest, options);
}

without('the built-in grammar is used, and a note says what was not checked', async () => {
  const { code, stdout, stderr } = await withoutLibvirt('lint-domain', [], BAD_DISK);
  assert.is(stdout, '1 file: 0 errors, 0 warnings\n');
  assert.match(stderr, NOTE);
  assert.is(code, 0);
});

without('host devices are checked nevertheless', async () => {
  const misspelt = domain(hostdev('0-3').replace('cpuset=', 'cpusets='));
  for (const engine of ['auto', 'libxml2-wasm']) {
    const { code, stdout, stderr } = await withoutLibvirt('lint-domain', ['--engine', engine], misspelt);
    assert.match(stdout, /^<stdin>:8:\d+: error: .*cpusets.* \[schema\]$/m);
    assert.match(stderr, NOTE);
    assert.is(code, 1);
  }
});

without("the note is in the JSON, in SARIF and in GitHub's commands", async () => {
  const { stdout, stderr } = await withoutLibvirt('lint-domain', ['--json'], GOOD);
  const { note } = JSON.parse(stdout);
  assert.is(`note: ${note}\n`, stderr);
  const sarif = await withoutLibvirt('lint-domain', ['--format', 'sarif'], GOOD);
  const [notification] = JSON.parse(sarif.stdout).runs[0].invocations[0].toolConfigurationNotifications;
  assert.equal(notification, { level: 'note', message: { text: note } });
  const github = await withoutLibvirt('lint-domain', ['--format', 'github'], GOOD);
  assert.is(github.stdout, `::notice::${note}\n`);
});

without('normalize succeeds, with the note on standard error', async () => {
  const { code, stdout, stderr } = await withoutLibvirt('hostdev-cpuset', ['normalize'], GOOD);
  assert.match(stdout, /<hostdevs .*\n.*cpuset=['"]0-3/);
  assert.match(stderr, NOTE);
  assert.is(code, 0);
});

without('the note is printed once for many files', async () => {
  const folder = temporary();
  const files = ['a.xml', 'b.xml', 'c.xml'].map((name) => folder.write(name, GOOD));
  const { code, stdout, stderr } = await withoutLibvirt('hostdev-cpuset', ['normalize', '--check', ...files], '');
  assert.equal(stdout.split('\n'), [...files, '']);
  assert.match(stderr, NOTE);
  assert.is(code, 1);
});

without('with --no-check there is no note', async () => {
  const { stdout, stderr } = await withoutLibvirt('hostdev-cpuset', ['normalize', '--no-check'], GOOD);
  assert.match(stdout, 'urn:hostdev-cpuset:1');
  assert.is(stderr, '');
});
without.run();
