import { chmodSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Test } from 'uvu';
import * as assert from 'uvu/assert';
import { COMMANDS } from '../../src/cli/arguments.js';
import { projectRoot } from '../support/cli.js';
import { runInProcess } from '../support/cli-in-process.js';
import { needs, suiteWhere } from '../support/needs.js';
import { run } from '../support/run.js';
import { TemporaryFolder } from '../support/temporary-folder.js';

const DOMAINS = ['workstation', 'web-1', 'web-2', 'old guest'];
/** libvirt accepts nearly any text as a name. */
const ODD = ['odd$(>owned)', 'odd`>me`', 'odd;>me', 'odd"*&|<>'];
/** The completions that a shell offers for a line, sorted. */
type Complete = (line: string) => Promise<string[]>;

let folder: TemporaryFolder;

function prepare(): void {
  folder = new TemporaryFolder();
  folder.write('work/guest.xml', '');
  folder.write('work/notes.txt', '');
  folder.write('work/domains/a.xml', '');
  const virsh = `#!/bin/sh\nprintf '%s\\n' "$*" >> '${folder.join('virshCalls')}'\nprintf '%s\\n' ${[...DOMAINS, ...ODD].map((name) => `'${name}'`).join(' ')} ''\n`;
  chmodSync(folder.write('bin/virsh', virsh), 0o755);
  const list = '0000:06:12.5  hostdev  -\\nua-gpu        hostdev  cpuset="auto"\\n52:54:00:12:34:56  interface  -\\n';
  const command = `#!/bin/sh\nprintf '%s\\n' "$*" >> '${folder.join('virshCalls')}'\nprintf '${list}'\n`;
  chmodSync(folder.write('bin/hostdev-cpuset', command), 0o755);
  // fish completes only for programs that exist
  chmodSync(folder.write('bin/lint-domain', '#!/bin/sh\n'), 0o755);
}

const options = () => ({
  cwd: folder.join('work'),
  env: { ...process.env, PATH: `${folder.join('bin')}:${process.env.PATH}`, HOME: folder.path, TERM: 'dumb' },
});
const sorted = (text: string) => [...new Set(text.split('\n').filter(Boolean))].sort();
const virshCalls = () => sorted(readFileSync(folder.join('virshCalls'), 'utf8'));

/** readline splits words at white space, and around = and runs of :. */
async function inBash(line: string): Promise<string[]> {
  const words = line.split(' ').flatMap((word) => word.split(/([:]+|=)/).filter((part, i) => part !== '' || i === 0));
  const file = join(projectRoot, 'completions/bash', words[0] ?? '');
  const { stdout, stderr } = await run('bash', ['--norc', join(__dirname, 'capture.bash'), file, ...words], options());
  assert.is(stderr, '');
  return sorted(stdout).map((word) => word.replace(/\\ /g, ' '));
}

let captures = 0;
async function inZsh(line: string): Promise<string[]> {
  const hits = folder.join(`hits-${captures++}`);
  const capture = join(__dirname, 'capture.zsh');
  const { stderr } = await run('zsh', ['-f', capture, join(projectRoot, 'completions/zsh'), hits, line], options());
  assert.is(stderr, '');
  const found = sorted(readFileSync(hits, 'utf8'));
  assert.ok(found.includes('done'), `zsh did not finish with ${line}`);
  return found
    .filter((word) => word !== 'ready' && word !== 'done')
    .map((word) => word.replace(/[/=]$/, '').replace(/\\ /g, ' '));
}

/** `complete -C` prints each offer with its description. */
async function inFish(line: string): Promise<string[]> {
  const places = "set -p fish_complete_path $argv[1]; complete -C $argv[2] | string replace -r '\\t.*' ''";
  const words = ['--no-config', '-c', places, join(projectRoot, 'completions/fish'), line];
  const { stdout, stderr } = await run('fish', words, options());
  assert.is(stderr, '');
  // with =, an offer repeats the option
  return sorted(stdout).map((word) => word.replace(/^--[a-z-]+=/, '').replace(/\/$/, ''));
}

/** The output of `--help`. */
async function helpOf(args: string[]): Promise<string> {
  return (await runInProcess('hostdev-cpuset', [...args, '--help'])).stdout;
}

function define(test: Test, complete: Complete): void {
  test.before(prepare);
  test.after(() => folder.remove());

  test('every command that --help lists is offered', async () => {
    const listed = [...(await helpOf([])).matchAll(/^ {2}hostdev-cpuset (\S+)/gm)].map((match) => match[1] as string);
    assert.is(listed.length, Object.keys(COMMANDS).length);
    const offered = await complete('hostdev-cpuset ');
    assert.equal(
      offered.filter((word) => listed.includes(word)),
      [...listed].sort(),
    );
    assert.equal(await complete('hostdev-cpuset nor'), ['normalize']);
  });

  test('every option of every command is offered', async () => {
    const commands = (await complete('hostdev-cpuset ')).filter((word) => /^[a-z]/.test(word));
    for (const command of commands) {
      const help = await helpOf([command]);
      const listed = new Set([...help.matchAll(/(?<=^ {2,}(?:-\w, )?)--[a-z-]+/gm)].map(([flag]) => flag));
      assert.ok(listed.size > 1, command);
      const offered = (await complete(`hostdev-cpuset ${command} --`)).filter((word) => word.startsWith('--'));
      assert.equal(offered, [...listed].sort(), command);
    }
  });

  test('the values of an option are offered', async () => {
    assert.equal(await complete('hostdev-cpuset lint --format '), ['github', 'json', 'sarif', 'text']);
    assert.equal(await complete('lint-domain --format s'), ['sarif']);
    assert.equal(await complete('lint-domain --engine=xml'), ['xmllint']);
    assert.equal(await complete('hostdev-cpuset plan --root d'), ['domains']);
    assert.equal(await complete('hostdev-cpuset normalize --default '), ['auto', 'native']);
  });

  test('domains are listed with virsh at the given URI', async () => {
    assert.equal(await complete('hostdev-cpuset plan --domain we'), ['web-1', 'web-2']);
    assert.equal(virshCalls(), ['list --all --name']);
    assert.equal(await complete('hostdev-cpuset status -c test:///default wo'), ['workstation']);
    assert.equal(await complete('hostdev-cpuset status --connect=qemu+ssh://host/system ol'), ['old guest']);
    assert.equal(virshCalls(), [
      '--connect=qemu+ssh://host/system list --all --name',
      '--connect=test:///default list --all --name',
      'list --all --name',
    ]);
    assert.equal(await complete('hostdev-cpuset edit we'), ['web-1', 'web-2']);
  });

  test('the devices of a domain are completed', async () => {
    const all = ['0000:06:12.5', '52:54:00:12:34:56', 'ua-gpu'];
    const completed = complete === inBash ? ['06:12.5', '52:54:00:12:34:56', 'ua-gpu'] : all;
    assert.equal(await complete('hostdev-cpuset set web-1 '), all);
    assert.ok(virshCalls().includes('set --list -- web-1'));
    assert.equal(await complete('hostdev-cpuset set --vcpus 0-1 -c test:///default web-1 ua'), ['ua-gpu']);
    assert.ok(virshCalls().includes('set --list --connect=test:///default -- web-1'));
    assert.equal(await complete('hostdev-cpuset unset web-1 0000:06'), completed.slice(0, 1));
    assert.equal(await complete('hostdev-cpuset set web-1 ua-gpu '), ['auto', 'native']);
    assert.equal(await complete('hostdev-cpuset attach web-1 gu'), ['guest.xml']);
    assert.equal(await complete('hostdev-cpuset attach we'), ['web-1', 'web-2']);
  });

  test('files are offered for file arguments', async () => {
    assert.equal(await complete('lint-domain '), ['domains', 'guest.xml']);
    assert.equal(await complete('hostdev-cpuset normalize gu'), ['guest.xml']);
    assert.equal(await complete('hostdev-cpuset status gu'), ['guest.xml']);
    // zsh offers all files if none has the right extension.
    if (complete !== inZsh) assert.equal(await complete('hostdev-cpuset normalize no'), []);
  });

  test('nothing on the line is executed', async () => {
    await complete(`hostdev-cpuset status -c $(touch\${IFS}owned) we`);
    await complete('hostdev-cpuset status -c `touch\tme` we');
    const odd = await complete('hostdev-cpuset edit odd');
    const { stdout } = await run('sh', ['-c', `printf '%s\\n' ${odd.join(' ')}`], options());
    if (complete === inBash) assert.equal(sorted(stdout), [...ODD].sort(), 'the shell evaluates an offer to the name');
    else assert.is(odd.length, ODD.length);
    assert.throws(() => readFileSync(folder.join('work/owned')), /ENOENT/);
    assert.throws(() => readFileSync(folder.join('work/me')), /ENOENT/);
  });
  test.run();
}

define(suiteWhere('completion in bash', needs()), inBash);
define(suiteWhere('completion in zsh', needs('zsh')), inZsh);
define(suiteWhere('completion in fish', needs('fish')), inFish);
