import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { FileError } from '../../src/host/pseudo-fs.js';
import { OpenFolder } from '../../src/lib/open-folder.js';
import type { MovedLine } from '../../src/runtime/domain-state.js';
import { type DomainState, isUuid, StateStore } from '../../src/runtime/state-store.js';
import { projectRoot } from '../support/cli.js';
import { needs, suiteWhere } from '../support/needs.js';
import { TemporaryFolder } from '../support/temporary-folder.js';

const states = suite('state store');
const UUID = 'c0f7f3a2-6d0c-4d07-b6f0-2f3d5f0f9b21';
const OTHER = '9e2d6f40-3f35-4a0b-9b6c-7f0a51d1c832';
const STATE: DomainState = {
  schemaVersion: 1,
  name: '../../guest',
  written: { '41 vfio-msix[0](0000:06:12.5) 0000:06:12.5': '0-3' },
  lines: [{ irq: 16, address: '0000:07:00.0', input: 'IO-APIC 16', before: '0-15', cpus: '0-3' }],
};

let folder: TemporaryFolder;
let store: StateStore;
states.before.each(() => {
  folder = new TemporaryFolder();
  store = new StateStore(folder.path);
});
states.after.each(() => folder.remove());

const place = (...names: string[]) => folder.join('run/hostdev-cpuset', ...names);
const modeOf = (path: string) => (statSync(path).mode & 0o777).toString(8);

/** The code and the path of the FileError that an action throws. */
function errorOf(action: () => void): { code: string; path: string } | undefined {
  try {
    action();
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    return { code: error.code, path: error.path };
  }
  return undefined;
}

const errorCode = (action: () => void) => errorOf(action)?.code;

states('a written state is read, listed and removed', () => {
  assert.is(store.read(UUID), undefined);
  assert.equal(store.list(), []);
  store.write(UUID, STATE);
  store.write(OTHER, { ...STATE, written: {} });
  assert.equal(store.read(UUID), STATE);
  assert.equal(store.list().sort(), [OTHER, UUID]);
  store.write(UUID, { ...STATE, lines: [] });
  assert.equal(store.read(UUID), { ...STATE, lines: [] });
  store.remove(UUID);
  assert.is(store.read(UUID), undefined);
  assert.equal(readdirSync(place()), [`${OTHER}.json`]);
  store.remove(UUID);
});

states("only the owner has access, whatever the umask and the directory's old mode", () => {
  store.write(UUID, STATE);
  assert.is(modeOf(place()), '700');
  assert.is(modeOf(place(`${UUID}.json`)), '600');
  assert.is(modeOf(folder.join('run')), (0o777 & ~process.umask()).toString(8));
  chmodSync(place(), 0o755);
  store.write(UUID, STATE);
  assert.is(modeOf(place()), '700');
});

states('a UUID in any notation is one file, and no other text is a file name', () => {
  store.write(UUID.toUpperCase().replaceAll('-', ''), STATE);
  assert.equal(readdirSync(place()), [`${UUID}.json`]);
  assert.equal(store.read(UUID), STATE);
  for (const name of ['', '.', '../../etc/passwd', `../${UUID}`, `${UUID}.json`, `${UUID}\0`]) {
    assert.not(isUuid(name));
    for (const action of [() => store.read(name), () => store.write(name, STATE), () => store.remove(name)]) {
      assert.throws(action, (error: unknown) => error instanceof RangeError);
    }
  }
  assert.not(isUuid(undefined));
});

function lineWith(members: object): object {
  return { ...STATE.lines[0], ...members };
}

states(
  'lines of an older version get the device of the handler that was written under their IRQ, if it is unique',
  () => {
    const line = { irq: 16, before: '0-15', cpus: '0-3' };
    const key = (irq: number, address: string, handled = address) => `${irq} vfio-intx(${handled}) ${address}`;
    const cases: [string[], string | undefined][] = [
      [[], undefined],
      [[key(16, '0000:07:00.0')], '0000:07:00.0'],
      [[key(17, '0000:07:00.0')], undefined],
      [[key(16, '0000:07:00.0'), key(16, '0000:08:00.0')], undefined],
      [[key(16, '0000:07:00.0', '0000:08:00.0')], undefined],
      [[key(16, '../../x')], undefined],
      [['16 vfio-msix[0](0000:07:00.0) 0000:07:00.0'], undefined],
    ];
    for (const [keys, address] of cases) {
      const written = Object.fromEntries(keys.map((one) => [one, '0-3']));
      store.write(UUID, { ...STATE, written, lines: [line] });
      const expected = address === undefined ? line : { ...line, address };
      assert.equal(store.read(UUID)?.lines, [expected], keys.join());
      const [known] = STATE.lines;
      store.write(UUID, { ...STATE, written, lines: [line, known as MovedLine] });
      assert.equal(store.read(UUID)?.lines, [expected, known], 'a line with a device keeps it');
    }
  },
);

const garbage: Record<string, string> = {
  empty: '',
  'cut off': JSON.stringify(STATE).slice(0, 60),
  binary: '\u0000\u0001\ufffd',
  null: 'null',
  'a number': '1',
  'an array': '[]',
  'of another version': JSON.stringify({ ...STATE, schemaVersion: 2 }),
  'without a name': JSON.stringify({ ...STATE, name: undefined }),
  'with invalid sets': JSON.stringify({ ...STATE, written: { a: 1 } }),
  'without sets': JSON.stringify({ ...STATE, written: null }),
  'with invalid pending deliveries': JSON.stringify({ ...STATE, pending: { x: 1 } }),
  'with invalid lines': JSON.stringify({ ...STATE, lines: [null] }),
  'with invalid narrowed masks': JSON.stringify({ ...STATE, narrowed: { x: 1 } }),
  'with a line with an invalid IRQ': JSON.stringify({ ...STATE, lines: [lineWith({ irq: '16' })] }),
  'with a line with an invalid mask': JSON.stringify({ ...STATE, lines: [lineWith({ before: 1 })] }),
  'with a line with an invalid next mask': JSON.stringify({ ...STATE, lines: [lineWith({ next: 1 })] }),
  'with a line without a mask': JSON.stringify({ ...STATE, lines: [{ irq: 1, before: '1' }] }),
  'with a line whose device is a path': JSON.stringify({ ...STATE, lines: [lineWith({ address: '../..' })] }),
  'with a line whose device is not in canonical form': JSON.stringify({
    ...STATE,
    lines: [lineWith({ address: '0000:7:0.0' })],
  }),
  'with a line whose device is null': JSON.stringify({ ...STATE, lines: [lineWith({ address: null })] }),
  'with a line with an invalid input': JSON.stringify({ ...STATE, lines: [lineWith({ input: 16 })] }),
  'with lines that are not a list': JSON.stringify({ ...STATE, lines: {} }),
};
for (const [what, text] of Object.entries(garbage)) {
  states(`a file ${what} counts as no state and is replaced`, () => {
    store.write(OTHER, STATE);
    writeFileSync(place(`${UUID}.json`), text);
    assert.is(store.read(UUID), undefined);
    store.write(UUID, STATE);
    assert.equal(store.read(UUID), STATE);
  });
}

states('other files in the directory are not states', () => {
  store.write(UUID, STATE);
  // A domain's lock is named like its state, with another suffix.
  for (const name of [OTHER, `${OTHER}.lock`, `${OTHER}.json.ab12`, 'x.json', `${OTHER.toUpperCase()}.json`])
    writeFileSync(place(name), '{}');
  assert.equal(store.list(), [UUID]);
});

states('a file that a killed writer of the same PID left does not prevent a write', () => {
  mkdirSync(place(), { recursive: true });
  writeFileSync(place(`${UUID}.json.${process.pid}.0`), '{');
  store.write(UUID, STATE);
  assert.equal(store.read(UUID), STATE);
  store.remove(UUID);
  assert.equal(readdirSync(place()), []);
});

states('files that a killed writer left are removed with the state', () => {
  store.write(UUID, STATE);
  store.write(OTHER, STATE);
  writeFileSync(place(`${UUID}.json.0123456789ab`), '{');
  store.remove(UUID);
  assert.equal(readdirSync(place()), [`${OTHER}.json`]);
});

states('a symbolic link in place of the directory is not followed', () => {
  mkdirSync(folder.join('elsewhere'));
  writeFileSync(folder.join('elsewhere', `${UUID}.json`), JSON.stringify(STATE));
  mkdirSync(folder.join('run'));
  symlinkSync('../elsewhere', place());
  assert.is(store.read(UUID), undefined);
  assert.equal(store.list(), []);
  assert.is(
    errorCode(() => store.write(UUID, STATE)),
    'ENOTDIR',
  );
  store.remove(UUID);
  assert.equal(readdirSync(folder.join('elsewhere')), [`${UUID}.json`]);
});

states('a symbolic link in place of a state is replaced, not followed', () => {
  const target = folder.write('target', JSON.stringify(STATE));
  store.write(OTHER, STATE);
  symlinkSync(target, place(`${UUID}.json`));
  assert.is(store.read(UUID), undefined);
  store.write(UUID, { ...STATE, name: 'changed' });
  assert.is(store.read(UUID)?.name, 'changed');
  assert.is(readFileSync(target, 'utf8'), JSON.stringify(STATE));
});

states('a FIFO or a directory in place of a state counts as none', () => {
  store.write(OTHER, STATE);
  assert.is(spawnSync('mkfifo', [place(`${UUID}.json`)]).status, 0);
  assert.is(store.read(UUID), undefined);
  store.write(UUID, STATE);
  assert.equal(store.read(UUID), STATE);
  store.remove(UUID);
  mkdirSync(place(`${UUID}.json`));
  assert.is(store.read(UUID), undefined);
  for (const action of [() => store.write(UUID, STATE), () => store.remove(UUID)]) {
    assert.equal(errorOf(action), { code: 'EISDIR', path: place(`${UUID}.json`) });
  }
  assert.equal(readdirSync(place()).sort(), [`${OTHER}.json`, `${UUID}.json`].sort(), 'no other file is left');
});

states('a file in place of the directory or of /run is an error', () => {
  folder.write('run/hostdev-cpuset', '');
  assert.equal(
    errorOf(() => store.write(UUID, STATE)),
    { code: 'ENOTDIR', path: place() },
  );
  assert.is(store.read(UUID), undefined);
  const file = folder.write('file', '');
  assert.is(
    errorCode(() => new StateStore(file).write(UUID, STATE)),
    'ENOTDIR',
  );
});

states('errors not caused by the host are thrown unchanged', () => {
  const error = new TypeError('a bug');
  const state: DomainState = Object.defineProperty({ ...STATE }, 'name', {
    enumerable: true,
    get: () => {
      throw error;
    },
  });
  assert.throws(
    () => store.write(UUID, state),
    (thrown: unknown) => thrown === error,
  );
  assert.equal(store.list(), []);
});

states('if another process removes the state first, the other files are removed nevertheless', () => {
  store.write(UUID, STATE);
  writeFileSync(place(`${UUID}.json.0123456789ab`), '{');
  const { in: act } = OpenFolder.prototype;
  OpenFolder.prototype.in = function <T>(name: string, action: (path: string) => T): T {
    if (name === `${UUID}.json`) rmSync(place(name));
    return act.call(this, name, action) as T;
  };
  try {
    store.remove(UUID);
  } finally {
    OpenFolder.prototype.in = act;
  }
  assert.equal(readdirSync(place()), []);
});

states('with concurrent writers each reader sees a complete state', async () => {
  const script = `
    import { StateStore } from './dist/modules/src/runtime/state-store.js';
    const [root, uuid, name] = process.argv.slice(1);
    const store = new StateStore(root);
    for (let i = 0; i < 100; i++) {
      store.write(uuid, { schemaVersion: 1, name, written: { name }, lines: [] });
      const seen = store.read(uuid);
      if (!seen || seen.name !== seen.written.name) process.exit(3);
    }`;
  const writers = ['a', 'b', 'c'].map((name) => {
    const loader = ['--input-type=module', '-e', script, '--', folder.path, UUID, name.repeat(5000)];
    const child = spawn(process.execPath, loader, { cwd: projectRoot, stdio: ['ignore', 'inherit', 'inherit'] });
    return new Promise((resolve) => child.on('close', resolve));
  });
  assert.equal(await Promise.all(writers), [0, 0, 0]);
  assert.equal(readdirSync(place()), [`${UUID}.json`]);
});

states.run();

const mounted = suiteWhere('state store on a failing /run', needs('mount-namespace'));

/** Runs a script in its own mount namespace where `root`/run is a tmpfs with these options. */
function withRun(options: string, script: string): string {
  const root = new TemporaryFolder();
  try {
    mkdirSync(root.join('run'));
    const mount = `mount -t tmpfs -o ${options} tmpfs "$1/run" && exec "$2" --input-type=module -e "$3" -- "$1"`;
    const text = `
      import { StateStore } from './dist/modules/src/runtime/state-store.js';
      import { readdirSync } from 'node:fs';
      const root = process.argv[1];
      const store = new StateStore(root);
      const uuid = '${UUID}';
      const state = { schemaVersion: 1, name: 'guest', written: {}, lines: [] };
      const show = (...values) => console.log(values.map(String).join(' '));
      const attempt = (action) => { try { action(); return 'done'; } catch (error) { return error.name + ' ' + error.code; } };
      ${script}`;
    const shell = ['--mount', 'sh', '-c', mount, 'sh', root.path, process.execPath, text];
    const { stdout, stderr, status } = spawnSync('unshare', shell, { cwd: projectRoot, encoding: 'utf8' });
    assert.is(stderr, '');
    assert.is(status, 0);
    return stdout.trim();
  } finally {
    root.remove();
  }
}

mounted('on a full /run the old state stays, and no other file is left', () => {
  const script = `
    const large = { ...state, written: Object.fromEntries(Array.from({ length: 20000 }, (_, i) => [i, '0-3'])) };
    const first = attempt(() => store.write(uuid, state));
    const second = attempt(() => store.write(uuid, large));
    show(first, second, store.read(uuid)?.name, readdirSync(root + '/run/hostdev-cpuset').length);`;
  assert.is(withRun('size=64k', script), 'done FileError ENOSPC guest 1');
});

mounted('a read-only /run is an error', () => {
  const script = `
    show(attempt(() => store.write(uuid, state)), store.read(uuid), attempt(() => store.remove(uuid)), store.list().length);`;
  assert.is(withRun('ro', script), 'FileError EROFS undefined done 0');
});

mounted("an error on this host's /run names the file", () => {
  const script = `
    import { spawnSync } from 'node:child_process';
    spawnSync('mount', ['-t', 'tmpfs', '-o', 'ro', 'tmpfs', '/run']);
    try { new StateStore().write(uuid, state); } catch (error) { show(error.code, error.path); }`;
  assert.is(withRun('ro', script), `EROFS /run/hostdev-cpuset/${UUID}.json`);
});

mounted('a /run that becomes read-only is an error', () => {
  const script = `
    import { spawnSync } from 'node:child_process';
    store.write(uuid, state);
    spawnSync('mount', ['-o', 'remount,ro', root + '/run']);
    show(attempt(() => store.write(uuid, state)), store.read(uuid)?.name, attempt(() => store.remove(uuid)));`;
  assert.is(withRun('size=64k', script), 'FileError EROFS guest FileError EROFS');
});

mounted("another user's directory is an error", () => {
  const script = `
    import { chownSync, mkdirSync } from 'node:fs';
    mkdirSync(root + '/run/hostdev-cpuset');
    chownSync(root + '/run/hostdev-cpuset', 65534, 65534);
    show(attempt(() => store.write(uuid, state)), store.read(uuid), readdirSync(root + '/run/hostdev-cpuset').length);`;
  assert.is(withRun('size=64k', script), 'FileError EPERM undefined 0');
});

mounted.run();
