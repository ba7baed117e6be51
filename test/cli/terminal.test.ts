import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { stripVTControlCharacters } from 'node:util';
import * as assert from 'uvu/assert';
import { runCli } from '../support/cli.js';
import { BAD, GOOD } from '../support/domains.js';
import { needs, suiteWhere } from '../support/needs.js';
import { run } from '../support/run.js';
import { TemporaryFolder } from '../support/temporary-folder.js';
import { runInTerminal } from '../support/terminal.js';

const test = suiteWhere('output on a terminal', needs('script'));
let folder: TemporaryFolder;
test.before.each(() => {
  folder = new TemporaryFolder();
});
test.after.each(() => folder.remove());

const ESCAPE = '\u001b';
const ERASE = `\r${ESCAPE}[K`;
/** A terminal uses CRLF as line end. */
const plain = (text: string) => stripVTControlCharacters(text).replaceAll('\r\n', '\n');

test('without files on a terminal: usage and exit status 2', async () => {
  for (const [program, args] of [
    ['lint-domain', []],
    ['lint-domain', ['--json']],
    ['hostdev-cpuset', ['normalize']],
    ['hostdev-cpuset', ['expand']],
  ] as const) {
    const { code, stdout } = await runInTerminal(program, [...args]);
    assert.match(plain(stdout), new RegExp(`^Usage: ${program}`));
    assert.is(code, 2);
  }
});

test('colours change nothing else', async () => {
  const file = folder.write('bad.xml', BAD);
  const { code, stdout } = await runInTerminal('lint-domain', [file]);
  assert.match(stdout, `${ESCAPE}[31merror:${ESCAPE}[0m`);
  assert.is(code, 1);
  const piped = await runCli('lint-domain', [file], { env: { NO_COLOR: '' } });
  assert.not.match(piped.stdout, ESCAPE);
  assert.is(plain(stdout), piped.stdout + piped.stderr);
});

for (const env of [{ NO_COLOR: '1' }, { TERM: 'dumb' }]) {
  test(`no colours with ${JSON.stringify(env)}`, async () => {
    const { stdout } = await runInTerminal('lint-domain', [folder.write('bad.xml', BAD)], { env });
    assert.match(stdout, 'error:');
    assert.not.match(stdout, ESCAPE);
  });
}

test('normalize colours its messages, but not its XML', async () => {
  const { stdout } = await runInTerminal('hostdev-cpuset', ['normalize', folder.write('bad.xml', BAD)]);
  assert.match(stdout, `${ESCAPE}[31merror:`);
  const good = await runInTerminal('hostdev-cpuset', ['normalize', '--no-check', folder.write('good.xml', GOOD)]);
  assert.not.match(good.stdout, ESCAPE);
});

/**
 * Creates a FIFO that delivers a domain after a delay. It is opened for reading and writing, so that it is not at its
 * end before.
 */
async function slowFile(name: string, milliseconds: number): Promise<{ path: string; done: Promise<void> }> {
  const path = folder.join(name);
  assert.is((await run('mkfifo', [path])).code, 0);
  const fd = openSync(path, 'r+');
  const write = async () => {
    await sleep(milliseconds);
    writeSync(fd, GOOD);
    closeSync(fd);
  };
  return { path, done: write() };
}

test('a progress bar is shown on standard error after a second, and erased at the end', async () => {
  const out = folder.join('report.json');
  const lintSlowly = async (milliseconds: number) => {
    const slow = await slowFile(`${milliseconds}.xml`, milliseconds);
    const files = [slow.path, folder.write('1.xml', GOOD), folder.write('2.xml', GOOD)];
    const outcome = await runInTerminal('lint-domain', ['--json', ...files], { redirection: `> '${out}'` });
    await slow.done;
    return outcome;
  };
  // On a busy machine the program may start only when the delay of the file is over.
  let outcome = await lintSlowly(1500);
  for (const longer of [6000, 20_000]) if (!outcome.stdout.includes('/3 files')) outcome = await lintSlowly(longer);
  const { code, stdout } = outcome;
  assert.is(JSON.parse(readFileSync(out, 'utf8')).summary.files, 3);
  assert.match(stdout, /^\r█+░* [1-3]\/3 files/);
  const rest = stdout.slice(stdout.lastIndexOf('█'));
  assert.match(rest.slice(rest.indexOf(ERASE)), /^\r..K(note: .*\r\n)?$/);
  assert.is(code, 0);
});

test('no progress bar if standard error is not a terminal', async () => {
  const slow = await slowFile('slow.xml', 1500);
  const log = folder.join('log');
  const { stdout } = await runInTerminal('lint-domain', [slow.path], { redirection: `2> '${log}'` });
  await slow.done;
  assert.not.match(stdout, '█');
  assert.not.match(readFileSync(log, 'utf8'), /[█\r]/);
});

test.run();
