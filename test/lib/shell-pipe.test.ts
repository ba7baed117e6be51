import { existsSync, readFileSync } from 'node:fs';
import { buildSync } from 'esbuild';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ShellPipe } from '../../src/lib/shell-pipe.js';
import { projectRoot } from '../support/cli.js';
import { run } from '../support/run.js';
import { TemporaryFolder } from '../support/temporary-folder.js';
import { until } from '../support/until.js';

const test = suite('shell pipe');
let folder: TemporaryFolder;
let shell: ShellPipe;
test.before.each(() => {
  folder = new TemporaryFolder();
});
test.after.each(() => {
  shell.close();
  folder.remove();
});

const open = (command: string, timeoutMs = 10_000) => {
  shell = new ShellPipe(command, timeoutMs, { ...process.env, FILE: folder.join('received') });
  return shell;
};
const received = () => (existsSync(folder.join('received')) ? readFileSync(folder.join('received'), 'utf8') : '');
const pids = () => received().trim().split('\n').map(Number);

/** The parent process. */
const shellOf = (pid: number) => Number(/\) . (\d+) /.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1]);

const runs = (pid: number) => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

test('a message arrives unchanged, even if it looks like shell syntax', async () => {
  open('printf %s "$message" >>"$FILE"');
  const lines = [
    'MESSAGE=$(touch /tmp/x) `x` \\n \\',
    '  *  \'quoted\' "twice"  ',
    '-n',
    'M\u00e4rz \ufffd',
    'x'.repeat(100_000),
  ];
  assert.is(await shell.send(lines), true);
  assert.is(await shell.send(['next']), true);
  assert.is(received(), `${lines.join('\n')}\nnext\n`);
});

test('the shell splits a message at line breaks only', async () => {
  open('(IFS=$newline && exec printf "<%s>" $message >>"$FILE")');
  assert.is(await shell.send(['STATUS=1 of * held', '~', '$HOME']), true);
  assert.is(received(), '<STATUS=1 of * held><~><$HOME>');
});

test('a failed command is reported, its output discarded, and the next message sent', async () => {
  open('echo 0; echo 0 >&2; [ "$message" = "good$newline" ]');
  assert.is(await shell.send(['bad']), false);
  assert.is(await shell.send(['good']), true);
});

test('a command that exceeds its time limit is killed with its shell, and the next message gets a new shell', async () => {
  open('echo $$ >>"$FILE"; [ "$message" != "slow$newline" ] || { sleep 600 & echo $! >>"$FILE"; wait; }', 3000);
  assert.is(await shell.send(['slow']), false);
  const [first, command] = pids() as [number, number];
  await until('both have ended', () => !runs(first) && !runs(command));
  assert.is(await shell.send(['fast']), true);
  assert.is.not(pids()[2], first);
});

test('a shell that was killed is replaced', async () => {
  open('echo $$ >>"$FILE"');
  await shell.send(['one']);
  const [first] = pids() as [number];
  process.kill(first, 'SIGKILL');
  await until('it has ended', () => !runs(first));
  assert.is(await shell.send(['two']), true);
  assert.is.not(pids()[1], first);
});

test('a message to a shell that was just killed is sent once more to a new one, and the old command ends', async () => {
  open('echo $$ >>"$FILE"; [ "$message" != "one$newline" ] || exec sleep 600');
  const sending = shell.send(['one']);
  await until('it has started', () => received() !== '');
  const [first] = pids() as [number];
  process.kill(first, 'SIGKILL');
  await until('it is started again', () => pids().length === 2);
  process.kill(pids()[1] as number, 'SIGKILL');
  assert.is(await sending, false, 'retried only once');
  assert.is(await shell.send(['two']), true);
  process.kill(pids()[2] as number, 'SIGKILL');
  assert.is(await shell.send(['three']), true, 'at once');
});

test('a command ends with its shell', async () => {
  open('sleep 600 & echo $! >>"$FILE"; wait');
  void shell.send(['one']);
  await until('it has started', () => received() !== '');
  const [command] = pids() as [number];
  process.kill(shellOf(command), 'SIGKILL');
  await until('it has ended', () => !runs(command));
});

test('messages that are sent at once are handled one after the other', async () => {
  open('sleep 0.1; printf %s "$message" >>"$FILE"');
  assert.equal(await Promise.all(['1', '2', '3'].map((line) => shell.send([line]))), [true, true, true]);
  assert.is(received(), '1\n2\n3\n');
});

test('line breaks and NUL in a line are replaced', async () => {
  open('printf %s "$message" >>"$FILE"');
  await shell.send(['a\nb', '', 'c\0d']);
  assert.is(received(), 'a\ufffdb\nc\ufffdd\n');
});

test('a message fails if no process can be started, and later ones succeed', async () => {
  // One file: nothing can be loaded once there is no descriptor left.
  const module = folder.join('message-shell.cjs');
  buildSync({
    entryPoints: [`${projectRoot}src/lib/shell-pipe.ts`],
    outfile: module,
    bundle: true,
    platform: 'node',
  });
  const script = `
    const { openSync, closeSync } = require('node:fs');
    const { ShellPipe } = require(process.argv[1]);
    const shell = new ShellPipe('true', 5000, process.env);
    (async () => {
      const open = [];
      try { for (;;) open.push(openSync('/dev/null')); } catch {}
      const first = await shell.send(['one']);
      for (const fd of open) closeSync(fd);
      console.log(String(first), String(await shell.send(["two"])));
      shell.close();
    })();`;
  const limited = 'ulimit -n 200; exec "$0" --eval "$1" "$2"';
  const { stdout } = await run('sh', ['-c', limited, process.execPath, script, module]);
  assert.is(stdout.trim(), 'false true');
});

test('close ends the running command, and later messages fail', async () => {
  open('echo $$ >>"$FILE"; sleep 600');
  const sending = shell.send(['one']);
  await until('it has started', () => received() !== '');
  shell.close();
  assert.is(await sending, false);
  assert.is(await shell.send(['two']), false);
  assert.is(pids().length, 1);
  await until('it has ended', () => !runs(pids()[0] as number));
});

test('a message fails if there is no shell', async () => {
  shell = new ShellPipe('true', 10_000, { PATH: folder.path });
  assert.is(await shell.send(['one']), false);
});

test.run();
