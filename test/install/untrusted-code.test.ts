import * as assert from 'uvu/assert';
import { projectRoot } from '../support/cli.js';
import { needs, suiteWhere } from '../support/needs.js';
import { type Outcome, run } from '../support/run.js';

const test = suiteWhere('install with code that others than root can modify', needs('mount-namespace'));

/** The package as root installs it, in a mount namespace with empty directories in memory. */
const SCRIPT = `
set -e
for folder in /opt /usr/local /etc; do
  [ "$folder" != /etc ] || cp /etc/ld.so.cache /opt
  mount -t tmpfs -o mode=755 own "$folder"
done
mv /opt/ld.so.cache /etc
package=/opt/lib/node_modules/hostdev-cpuset
mkdir -p /usr/local/bin /usr/local/sbin /etc/libvirt/hooks /opt/bin "$package/dist" "$package/node_modules"
cp "$1" /opt/bin/node
cd "$2"
cp -r dist/bin "$package/dist"
cp -r hook rng service package.json "$package"
cp -r node_modules/libxml2-wasm "$package/node_modules"
chown -R 0:0 /opt
chmod -R go-w /opt
cd "$package"
eval "$3"
exec /opt/bin/node "$package/dist/bin/hostdev-cpuset.cjs" install --dry-run
`;

const installAfter = (action: string): Promise<Outcome> =>
  run('unshare', ['--mount', 'sh', '-c', SCRIPT, 'sh', process.execPath, projectRoot, action], {
    env: { PATH: process.env.PATH },
  });

test('paths that only root can write to are accepted', async () => {
  const { code, stdout, stderr } = await installAfter(':');
  assert.equal([code, stderr], [0, '']);
  assert.match(stdout, 'would create  /etc/hostdev-cpuset/hook\n');
});

const PACKAGE = '/opt/lib/node_modules/hostdev-cpuset';
for (const [name, action, path, reason] of [
  ['Node', 'chmod 775 /opt/bin/node', '/opt/bin/node', 'its mode is 0775'],
  ['a chunk that the entry file loads', 'chown 65534 dist/bin/hook.cjs', `${PACKAGE}/dist/bin/hook.cjs`, 'uid 65534'],
  ['the hook', 'chmod 757 hook/qemu', `${PACKAGE}/hook/qemu`, 'its mode is 0757'],
  [
    'a library',
    'chmod 666 node_modules/libxml2-wasm/lib/index.mjs',
    `${PACKAGE}/node_modules/libxml2-wasm/lib/index.mjs`,
    'its mode is 0666',
  ],
  [
    'a program of the service',
    'touch /usr/local/sbin/virsh; chown 65534 /usr/local/sbin/virsh',
    '/usr/local/sbin/virsh',
    'uid 65534',
  ],
  ['a directory on PATH', 'chmod 1777 /usr/local/bin', '/usr/local/bin', 'its mode is 1777'],
] as const) {
  test(`${name}: reported in one line`, async () => {
    const { code, stdout, stderr } = await installAfter(action);
    assert.equal([code, stdout], [2, '']);
    assert.match(stderr, /^hostdev-cpuset: root would run code that other users can write to: [^\n]*\n$/);
    assert.ok(stderr.includes(`: ${path} (`) && stderr.includes(reason), stderr);
  });
}

test('the directory of the hook is reported in one line', async () => {
  const { code, stderr } = await installAfter('chmod 777 /etc/libvirt/hooks');
  assert.is(code, 2);
  const path = '/etc/libvirt/hooks/qemu.d/hostdev-cpuset';
  assert.is(
    stderr,
    `hostdev-cpuset: other users can write to the directory of ${path}: /etc/libvirt/hooks (its mode is 0777)\n`,
  );
});

test.run();
