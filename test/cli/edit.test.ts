import { chmodSync, existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { runCli } from '../support/cli.js';
import { testDomain, testDriver } from '../support/libvirt-test-driver.js';
import { needs, suiteWhere } from '../support/needs.js';
import { TemporaryFolder } from '../support/temporary-folder.js';
import { type Step, talkInTerminal } from '../support/terminal.js';

const test = suiteWhere('edit', needs('virsh', 'script'));
let folder: TemporaryFolder;
let uri: string;
test.before.each(() => {
  folder = new TemporaryFolder();
  folder.write('tmp/.keep', '');
  uri = testDriver(folder, testDomain('small', '0-1'));
});
test.after.each(() => folder.remove());

/** An editor that copies its file, then runs the script with the file as "$1". */
function editor(script: string): NodeJS.ProcessEnv {
  const path = folder.write('bin/editor', `#!/bin/sh\ncp -p "$1" '${folder.join('shown.xml')}'\n${script}\n`);
  chmodSync(path, 0o755);
  return { ...process.env, TMPDIR: folder.join('tmp'), VISUAL: '', EDITOR: `'${path}'` };
}
const replace = (from: string, to: string) => `sed -i "s/${from}/${to}/" "$1"`;
const edit = (env: NodeJS.ProcessEnv, ...args: string[]) =>
  runCli('hostdev-cpuset', ['edit', '-c', uri, ...args, 'small'], { env });
const talk = (env: NodeJS.ProcessEnv, steps: Step[]) =>
  talkInTerminal('hostdev-cpuset', ['edit', '-c', uri, 'small'], steps, { env });

/** The edited texts that were kept. */
const kept = () =>
  readdirSync(folder.join('tmp'))
    .filter((name) => name !== '.keep')
    .map((name) => readFileSync(folder.join('tmp', name, 'domain.xml'), 'utf8'));

test('it shows policies as attributes in a private file, and defines the saved text', async () => {
  const { code, stdout, stderr } = await edit(editor(replace('0-1', '2-3')));
  assert.is(stderr, '');
  assert.is(stdout, "Domain 'small' edited.\nThe domain is running; the change takes effect at its next start.\n");
  assert.is(code, 0);
  assert.match(readFileSync(folder.join('shown.xml'), 'utf8'), /<hostdev [^>]*cpuset='0-1'>/);
  assert.is(statSync(folder.join('shown.xml')).mode & 0o777, 0o600);
  assert.equal(kept(), []);
});

test('without a change nothing is defined', async () => {
  const { code, stdout } = await edit(editor('touch "$1"'));
  assert.is(stdout, "Domain 'small' not changed.\n");
  assert.is(code, 0);
  assert.equal(kept(), []);
});

test('$VISUAL takes precedence over $EDITOR, and is parsed by the shell', async () => {
  const env = editor('exit 3');
  const other = folder.write(
    'my editor',
    '#!/bin/sh\n[ "$1 $2" = "-n two words" ] && touch "$3.seen" && rm "$3.seen"\n',
  );
  chmodSync(other, 0o755);
  const { code, stderr } = await edit({ ...env, VISUAL: `'${other}' -n "two words"` });
  assert.is(stderr, '');
  assert.is(code, 0);
});

test('without a terminal errors are printed, and the text is kept', async () => {
  const { code, stderr } = await edit(editor(replace('0-1', '4-3')));
  assert.match(stderr, /domain\.xml:\d+:\d+: error: .*reversed \[cpuset-syntax\]/);
  assert.match(stderr, /^hostdev-cpuset: your text is kept in .+\/domain\.xml$/m);
  assert.is(code, 1);
  assert.match(kept()[0] as string, "cpuset='4-3'");
});

test('if the editor fails, a changed text is kept, an unchanged one is not', async () => {
  const changed = await edit(editor(`${replace('0-1', '7')}; exit 5`));
  assert.match(changed.stderr, /the editor exited with status 5\nhostdev-cpuset: your text is kept in /);
  assert.is(changed.code, 2);
  assert.is(kept().length, 1);
  const unchanged = await edit(editor('exit 4'));
  assert.is(unchanged.stderr, 'hostdev-cpuset: the editor exited with status 4\n');
  assert.is(kept().length, 1);
});

test('if the editor removes the file, no text is kept', async () => {
  const { code, stderr } = await edit(editor('rm "$1"'));
  assert.match(stderr, /^hostdev-cpuset: .+domain\.xml: no such file\n$/);
  assert.is(code, 2);
  assert.equal(readdirSync(folder.join('tmp')), ['.keep']);
});

test('a change of name or UUID is rejected', async () => {
  const named = await edit(editor(replace('<name>small', '<name>large')));
  assert.match(named.stderr, /^hostdev-cpuset: the name was small; use virsh domrename to change it$/m);
  for (const script of [replace('<uuid>5b', '<uuid>6b'), 'sed -i /uuid/d "$1"']) {
    const { code, stderr } = await edit(editor(script));
    assert.match(stderr, /^hostdev-cpuset: the UUID was 5b1c2ad4-[-0-9a-f]* and cannot be changed$/m);
    assert.is(code, 1);
  }
  assert.is(kept().length, 3);
});

test('a concurrent change of the domain is kept, unless the user forces the edit', async () => {
  const meanwhile = `sed -i "s/<memory>8192/<memory>16384/" '${folder.join('node.xml')}'`;
  const env = editor(`${replace('0-1', '2')}; ${meanwhile}`);
  const alone = await edit(env);
  assert.match(alone.stderr, /^hostdev-cpuset: another program has changed the domain meanwhile$/m);
  assert.is(alone.code, 1);
  assert.match(kept()[0] as string, "cpuset='2'");

  folder.write('node.xml', `<node>${testDomain('small', '0-1')}</node>`);
  const { code, stdout } = await talk(env, [{ when: /Try again\? \[y,n,f,\?\]: $/, type: 'f\r' }]);
  assert.match(stdout, "Domain 'small' edited.");
  assert.is(code, 0);
  assert.is(kept().length, 1);
});

test('on a terminal: errors are explained, the text edited again, and defined', async () => {
  const again = `if grep -q 4-3 "$1"; then ${replace('4-3', '3-4')}; else ${replace('0-1', '4-3')}; fi`;
  const { code, stdout } = await talk(editor(again), [
    { when: /reversed[\s\S]*Try again\? \[y,n,i,\?\]: $/, type: '?\r' },
    { when: /y - yes, open the editor again[\s\S]*\[y,n,i,\?\]: $/, type: 'y\r' },
  ]);
  assert.match(stdout, "Domain 'small' edited.");
  assert.is(code, 0);
  assert.equal(kept(), []);
});

test('the answer i skips the schemas', async () => {
  const env = editor(replace('<devices>', '<devices><unheard-of\\/>'));
  const { code, stdout } = await talk(env, [{ when: /\[schema\][\s\S]*Try again\? \[y,n,i,\?\]: $/, type: 'i\r' }]);
  assert.match(stdout, "Domain 'small' edited.");
  assert.is(code, 0);
});

test('the answer n discards the text; Ctrl-C and Ctrl-D keep it', async () => {
  const env = editor(replace('0-1', '4-3'));
  const when = /Try again\?.*: $/;
  assert.is((await talk(env, [{ when, type: 'n\r' }])).code, 1);
  assert.equal(kept(), []);
  for (const key of ['\u0003', '\u0004']) {
    const { code, stdout } = await talk(env, [{ when, type: key }]);
    assert.match(stdout, 'your text is kept in ');
    assert.is(code, 1);
  }
  assert.is(kept().length, 2);
});

test('Ctrl-C during the editor goes to the editor', async () => {
  const env = editor(`trap '${replace('0-1', '6')}; exit 0' INT; echo READY; while :; do sleep 0.05; done`);
  const { code, stdout } = await talk(env, [{ when: /READY/, type: '\u0003' }]);
  assert.is(code, 0, stdout);
  assert.match(stdout, "Domain 'small' edited.");
});

test('a signal that ends the command keeps the text and prints its place', async () => {
  const env = editor(`${replace('0-1', '6')}; echo READY; sleep 10`);
  const end = (pid: number) =>
    process.kill(Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim()), 'SIGTERM');
  const { code, stdout } = await talk(env, [{ when: /READY/, type: end }]);
  assert.match(stdout, /hostdev-cpuset: your text is kept in .+\/domain\.xml/);
  assert.is(code, 2);
  assert.match(kept()[0] as string, "cpuset='6'");
});

test('an unknown domain: exit status 2', async () => {
  const { code, stderr } = await runCli('hostdev-cpuset', ['edit', '-c', uri, 'large'], { env: editor('') });
  assert.is(stderr, "hostdev-cpuset: virsh: failed to get domain 'large'\n");
  assert.is(code, 2);
  assert.not.ok(existsSync(join(folder.path, 'shown.xml')));
});

test.run();
