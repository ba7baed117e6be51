import { readdirSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { hookFailure } from '../../src/install/hook-test-run.js';
import { frontText } from '../hook/installed-front.js';
import { TemporaryFolder } from '../support/temporary-folder.js';

const test = suite('trial of a hook');
let folder: TemporaryFolder;
test.before.each(() => {
  folder = new TemporaryFolder();
});
test.after.each(() => folder.remove());

const trial = (text: string, mode = 0o755) =>
  hookFailure({ path: folder.join('hooks/qemu.d/hostdev-cpuset'), mode, text });

test('the hook runs, and the trial leaves no file', () => {
  assert.is(trial(frontText({ node: '/bin/false', cli: '/bin/false' })), undefined);
  assert.equal(readdirSync(folder.path), []);
});

test('existing directories and their files stay', () => {
  folder.write('hooks/qemu.d/other', '');
  assert.is(trial('#!/bin/sh\n'), undefined);
  assert.equal(readdirSync(folder.join('hooks/qemu.d')), ['other']);
});

test('the trial is not in the directory whose executables libvirt runs', () => {
  const place = folder.join('hooks/qemu.d');
  const found = `#!/bin/sh\nfor file in '${place}'/* '${place}'/.[!.]*; do [ ! -f "$file" ] || exit 3; done\n`;
  assert.is(trial(found), undefined);
});

test("the trial has the hook's name", () =>
  assert.is(trial('#!/bin/sh\n[ "$(basename "$0")" = hostdev-cpuset ]\n'), undefined));

test("the trial has a hook's environment and arguments, and empty standard input", () => {
  assert.is(trial('#!/bin/sh\n[ $# = 4 ] && [ "$LC_ALL" = C ] && [ "$(pwd)" = / ] && ! read -r line\n'), undefined);
});

for (const [what, text, mode, reason] of [
  ['a missing interpreter', '#!/none/sh\n', 0o755, '(ENOENT)'],
  ['a file that is not executable', '#!/bin/sh\n', 0o644, '(EACCES)'],
  ['a failed status', '#!/bin/sh\necho no >&2; exit 126\n', 0o755, '(exit status 126: no)'],
  ['a signal', '#!/bin/sh\nkill -9 $$\n', 0o755, '(killed by SIGKILL)'],
  ['output', '#!/bin/sh\necho x\n', 0o755, '(it prints, which libvirt would take for the XML of a domain)'],
] as const)
  test(`${what} is reported as the reason`, () => {
    const failure = trial(text, mode) ?? '';
    assert.ok(failure.startsWith(`a test run in ${folder.join('hooks/qemu.d')} failed ${reason}`), failure);
    assert.equal(readdirSync(folder.path), []);
  });

test('a syntax error is reported as the reason', () => {
  assert.match(trial('#!/bin/sh\nif\n') ?? '', /^\/bin\/sh cannot parse it \(exit status 2: .*\); repair \/bin\/sh$/);
});

test.run();
