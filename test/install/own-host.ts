import * as assert from 'uvu/assert';
import { projectRoot } from '../support/cli.js';
import { run } from '../support/run.js';

// /etc, /run, /var and /opt are the test's own. systemctl does nothing.
const HOST = `set -e
umask 022
for folder in etc run var opt; do mount -t tmpfs -o mode=755 none /$folder; done
mkdir -p /run/systemd/system /opt/bin
# Puts the package and Node below a directory.
put_program() {
  mkdir -p "$1/package"
  (cd "$project" && cp -r dist hook service rng schemas package.json "$1/package")
  touch "$1/node"
  mount --bind "$node" "$1/node"
}
ln -s /bin/true /opt/bin/systemctl
PATH=/opt/bin:$PATH
tool() { status=0; "$home/node" "$home/package/dist/bin/hostdev-cpuset.cjs" "$@" 2>&1 || status=$?; echo "status $status"; }
`;

/** Runs commands on such a host; returns the lines of their output. */
export async function onHost(commands: string): Promise<string[]> {
  const script = `project=$1 node=$0\n${HOST}${commands}`;
  const words = ['--mount', 'sh', '-c', script, process.execPath, projectRoot];
  const { code, stdout, stderr } = await run('unshare', words, { env: { PATH: process.env.PATH } });
  assert.is(code, 0, stderr);
  return stdout.trim().split('\n');
}
