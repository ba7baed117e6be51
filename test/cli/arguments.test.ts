import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { COMMANDS, parseArguments } from '../../src/cli/arguments.js';
import { declaredOptions } from '../../src/cli/declared-options.js';
import type { Request } from '../../src/cli/request.js';
import { namesAsTyped } from '../../src/cli/usage-error.js';
import { version } from '../../src/cli/version.js';
import { ToolError } from '../../src/lib/errors.js';
import { runInProcess } from '../support/cli-in-process.js';

const test = suite('arguments');

const lint = (...args: string[]) => parseArguments('lint-domain', args);
const tool = (...args: string[]) => parseArguments('hostdev-cpuset', args);

async function paths(request: Promise<Request>): Promise<readonly string[]> {
  const parsed = await request;
  if (parsed.command === 'print') return [parsed.text];
  return 'paths' in parsed.options ? parsed.options.paths : [];
}

/** The error message about a command line, which is one line. */
async function errorMessage(request: Promise<Request>): Promise<string> {
  try {
    await request;
  } catch (error) {
    assert.instance(error, ToolError);
    const { message } = error as ToolError;
    assert.not.match(message, /[\r\n]/);
    return message;
  }
  assert.unreachable('no error');
  return '';
}

test('file arguments may have any text and position', async () => {
  const names = ['a', '-', '5', '0x10', '1e3', 'true', 'lint', 'a b', '', './-x', 'a=b'];
  assert.equal(await paths(lint(...names)), names);
  assert.equal(await paths(tool('lint', ...names)), names);
  assert.equal(await paths(tool('normalize', '--check', ...names)), names);
  assert.equal(await paths(lint('a', '--json', 'b', '--max-warnings', '3', 'c')), ['a', 'b', 'c']);
  for (const name of ['true', 'false']) assert.equal(await paths(tool('normalize', '-i', name)), [name]);
  assert.equal(await paths(lint('a', '--', '-b', '--json', '--')), ['a', '-b', '--json', '--']);
});

test('options of lint are parsed', async () => {
  const request = await lint('--schemas=/a b', '--engine', 'xmllint', '--format', 'github', '--max-warnings=0', 'f');
  assert.equal(request, {
    command: 'lint',
    options: {
      paths: ['f'],
      format: 'github',
      maxWarnings: 0,
      host: undefined,
      root: undefined,
      config: undefined,
      noConfig: undefined,
      schemas: '/a b',
      engine: 'xmllint',
    },
  });
});

test('options of plan, enforce and status are parsed', async () => {
  const views = {
    details: undefined,
    check: undefined,
    watch: undefined,
    html: undefined,
    sample: undefined,
    only: [],
  };
  const nothing = { connect: undefined, root: undefined, discover: undefined, json: undefined, ...views };
  for (const command of ['plan', 'enforce'] as const) {
    assert.equal(
      await tool(
        command,
        'guest',
        './guest',
        '-',
        '-d',
        'a',
        '--domain=b',
        '-c',
        'test:///default',
        '--root',
        '/r',
        '--json',
      ),
      {
        command: 'plan',
        options: {
          command,
          paths: ['./guest', '-'],
          domains: ['a', 'b', 'guest'],
          connect: 'test:///default',
          root: '/r',
          discover: undefined,
          json: true,
        },
      },
    );
  }
  assert.equal(await tool('status', 'guest', './guest', 'guest.xml', '-'), {
    command: 'status',
    options: { ...nothing, paths: ['./guest', 'guest.xml', '-'], domains: ['guest'] },
  });
});

test('a value may follow the letter of an option at once', async () => {
  const parsed = await tool('plan', '-da', '-ctest:///default', '--', '-db');
  assert.equal(parsed, await tool('plan', '-d', 'a', '-c', 'test:///default', '--', '-db'));
  assert.equal(await tool('status', '-w5', 'a'), await tool('status', '--watch', '5', 'a'));
});

test('the seconds of --watch may be left out before a name', async () => {
  const watching = async (...args: string[]) => {
    const { options } = (await tool('status', ...args)) as { options: { watch: number; domains: string[] } };
    return [options.watch, ...options.domains];
  };
  assert.equal(await watching('-w', 'guest'), [2, 'guest']);
  assert.equal(await watching('--watch', '0.5', 'guest'), [0.5, 'guest']);
  assert.equal(await watching('guest', '--watch', '--json'), [2, 'guest']);
  assert.equal(await watching('--watch=3', '7'), [3, '7']);
});

test('options of normalize and expand are parsed', async () => {
  const nothing = { default: undefined, schemas: undefined, engine: undefined };
  assert.equal(await tool('normalize', '--default', 'auto', '-i', '--no-check', 'f'), {
    command: 'normalize',
    options: { ...nothing, paths: ['f'], inPlace: true, check: false, default: 'auto', useSchema: false },
  });
  assert.equal(await tool('normalize'), {
    command: 'normalize',
    options: { ...nothing, paths: [], inPlace: false, check: false, useSchema: true },
  });
  assert.equal(await tool('expand', '--in-place', 'f'), {
    command: 'expand',
    options: { paths: ['f'], inPlace: true, check: false },
  });
  assert.equal(await tool('expand', '--check', 'f', 'g'), {
    command: 'expand',
    options: { paths: ['f', 'g'], inPlace: false, check: true },
  });
});

test('help prints the usage of all commands, or of one', async () => {
  const all = await tool('--help');
  assert.equal(await tool('help'), all);
  assert.equal(await tool('help', 'help'), all);
  assert.equal(await tool('help', 'set'), await tool('set', '--help'));
});

for (const [args, expected] of [
  [['--nonsense'], /nonsense/],
  [['--no-json'], /no-json/],
  [['-x'], /x/],
  [['--format', 'xml'], /^--format takes "text", "json", "sarif", "github", not "xml"$/],
  [['--format'], /format/],
  [['--schemas'], /schemas/],
  [['--max-warnings', 'many'], /^--max-warnings takes a whole number$/],
  [['--max-warnings', '-1'], /max-warnings/],
  [['--max-warnings', ''], /^--max-warnings takes a whole number$/],
  [['--max-warnings', '1.5'], /^--max-warnings takes a whole number$/],
  [['--json', '--format', 'sarif'], /^--json and --format sarif cannot be used together$/],
] as const) {
  test(`usage error in one line: lint-domain ${args.join(' ')}`, async () => {
    assert.match(await errorMessage(lint(...args)), expected);
  });
}

for (const [args, expected] of [
  [[], /^missing command; known: lint, normalize, expand, /],
  [['enforced'], /^unknown command enforced: did you mean enforce\?$/],
  [['stauts'], /^unknown command stauts: did you mean status\?$/],
  [['xyzzy'], /^unknown command xyzzy; known: lint, normalize, .* uninstall \(see --help\)$/],
  [['help', 'stauts'], /^unknown command stauts: did you mean status\?$/],
  [['status', '--misplacd'], /^unknown option --misplacd: did you mean --misplaced\?$/],
  [['define', '--conect', 'x'], /^unknown option --conect: did you mean --connect\?$/],
  [['status', '-x'], /^unknown option -x$/],
  [['lint', '--hots'], /^unknown option --hots: did you mean --host\?$/],
  [['status', '-w', '0'], /^-w takes 0\.1 to 86400 seconds$/],
  [['status', '-w=x'], /^-w takes 0\.1 to 86400 seconds$/],
  [['status', '-w', '1e9'], /^-w takes 0\.1 to 86400 seconds$/],
  [['status', '--watch=-1'], /^--watch takes 0\.1 to 86400 seconds$/],
  [['status', '--check', '-w'], /^--check and -w cannot be used together$/],
  [['status', '--html', 'x', '-w', '--json'], /^--html and -w cannot be used together$/],
  [['status', '--check', '--sample', '2', 'a'], /^--check and --sample cannot be used together$/],
  [['status', '--sample', '2'], /^--sample needs the name of a domain, or a file$/],
  [['normalize', '-i', '--check', 'a'], /^-i and --check cannot be used together$/],
  [['expand', '-i'], /^-i needs files$/],
  [['expand', '--in-place', '-'], /^--in-place needs files$/],
  [['status', '--json=1'], /^--json takes no value$/],
  [['status', '--details=yes'], /^--details takes no value$/],
  [['set', 'a', 'b', 'auto', '--spread=no'], /^--spread takes no value$/],
  [['uninstall', '-n=false'], /^-n takes no value$/],
  [['plan', '--root'], /^--root needs a value$/],
  [['status', '-c'], /^-c needs a value$/],
  [['lint', '--format', 'xml'], /^--format takes "text", "json", "sarif", "github", not "xml"$/],
  [['normalize', '--json'], /json/],
  [['normalize', '--default', 'all'], /^--default takes "auto", "native", not "all"$/],
  [['expand', '--default', 'auto'], /default/],
  [['expand', '--schemas', '/'], /schemas/],
  [['enforce', '--domain'], /domain/],
  [['status', '--default', 'auto'], /default/],
  [['plan', '--root', ''], /^--root needs a directory$/],
  [['enforce', '--root=', 'f'], /^--root needs a directory$/],
  [['lint', '--host', '--root', ''], /^--root needs a directory$/],
  [['watch', '--root', ''], /^--root needs a directory$/],
  [['watch', '--metrics='], /^--metrics needs a file$/],
  [['install', '--prefix', ''], /^--prefix needs a directory$/],
  [['lint', '--schemas', ''], /^--schemas needs a directory$/],
] as const) {
  test(`usage error in one line: hostdev-cpuset ${args.join(' ')}`, async () => {
    assert.match(await errorMessage(tool(...args)), expected);
  });
}

const HELPS = [
  ['lint-domain', [], '[options] [FILE...]'],
  ['hostdev-cpuset', [], 'COMMAND [options] [FILE...]'],
  ['hostdev-cpuset', ['lint'], '[options] [FILE...]'],
  ['hostdev-cpuset', ['normalize'], '[options] [FILE...]'],
  ['hostdev-cpuset', ['expand'], '[options] [FILE...]'],
  ['hostdev-cpuset', ['plan'], '[options] [DOMAIN|FILE...]'],
  ['hostdev-cpuset', ['enforce'], '[options] [DOMAIN|FILE...]'],
  ['hostdev-cpuset', ['status'], '[options] [DOMAIN...]'],
  ['hostdev-cpuset', ['report'], '[options] FILE...'],
  ['hostdev-cpuset', ['watch'], '[options]'],
  ['hostdev-cpuset', ['define'], '[options] [FILE...]'],
  ['hostdev-cpuset', ['edit'], '[options] DOMAIN'],
  ['hostdev-cpuset', ['set'], '[options] DOMAIN DEVICE CPUSET'],
  ['hostdev-cpuset', ['unset'], '[options] DOMAIN DEVICE'],
  ['hostdev-cpuset', ['attach'], '[options] DOMAIN FILE'],
  ['hostdev-cpuset', ['install'], '[options]'],
  ['hostdev-cpuset', ['uninstall'], '[options]'],
] as const;
for (const [program, command, words] of HELPS) {
  const call = [program, ...command].join(' ');
  test(`${call} --help: shows the usage and the exit statuses in 80 columns`, async () => {
    const { code, stdout, stderr } = await runInProcess(program, [...command, '--help']);
    assert.is(stdout.split('\n')[0], `Usage: ${call} ${words}`);
    assert.equal(
      stdout.split('\n').filter((line) => line.length > 80),
      [],
    );
    assert.match(stdout, call.endsWith('watch') ? /^Exit status: 0 .* 2 .*$/m : /^Exit status: 0 .* 1 .* 2 .*$/m);
    assert.is(stderr, '');
    assert.is(code, 0);
    assert.equal(await runInProcess(program, [...command, '-h']), { code, stdout, stderr });
  });
}

test('every option with a letter is named as it was typed', () => {
  const letters = new Set<unknown>();
  for (const add of Object.values(COMMANDS)) {
    const options = declaredOptions((parser) => add(parser, () => {}));
    for (const [name, { alias }] of options) {
      if (alias === undefined) continue;
      letters.add(alias);
      assert.is(namesAsTyped(`--${name} is wrong`, [`-${alias}`, 'x'], options), `-${alias} is wrong`);
      assert.is(namesAsTyped(`--${name} is wrong`, [`--${name}=x`], options), `--${name} is wrong`);
    }
  }
  assert.equal([...letters].sort(), ['c', 'd', 'i', 'n', 'w']);
});

test('the word after a switch is never its value', async () => {
  const { options } = (await tool('set', '--live', '--list', 'true')) as Extract<Request, { command: 'set' }>;
  assert.is(options.domain, 'true');
  assert.is(await errorMessage(tool('install', '--dry-run', 'false')), 'install takes no file: false');
});

test('--version and -V print the version', async () => {
  for (const program of ['lint-domain', 'hostdev-cpuset'] as const) {
    assert.equal(await runInProcess(program, ['--version']), { code: 0, stdout: `${version}\n`, stderr: '' });
    assert.equal(await runInProcess(program, ['-V']), { code: 0, stdout: `${version}\n`, stderr: '' });
  }
});

test('a usage error: exit status 2, one line, nothing on standard output', async () => {
  for (const args of [['--nonsense'], ['--format=xml', 'a.xml'], ['--engine', 'jing', 'a.xml']]) {
    const { code, stdout, stderr } = await runInProcess('lint-domain', args);
    assert.is(stdout, '');
    assert.match(stderr, /^lint-domain: [^\n]+\n$/);
    assert.is(code, 2);
  }
});

test.run();
