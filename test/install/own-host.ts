import * as assert from 'uvu/assert';
import { projectRoot } from '../support/cli.js';
import { run } from '../support/run.js';

// /etc, /run, /var and /opt are the test's own. systemctl does nothing.
const HOST = `set -e
exec 2>&1
umask 022
for folder in etc run var opt; do mount -t tmpfs -o mode=755 none /$folder; done
mkdir -p /run/systemd/system /opt/bin
# Puts the package and Node below a directory.
put_program() {
  home=$1
  mkdir -p "$home/package"
  (cd "$project" && cp -r dist hook service rng schemas package.json "$home/package")
  touch "$home/node"
  mount --bind "$node" "$home/node"
}
# A program of the host becomes this script.
program() {
  printf '#!/bin/sh\\n%s\\n' "$2" >"/opt/bin/$1"
  chmod 755 "/opt/bin/$1"
}
program systemctl true
PATH=/opt/bin:$PATH
tool() { status=0; "$home/node" "$home/package/dist/bin/hostdev-cpuset.cjs" "$@" || status=$?; echo "status $status"; }
`;

/** Runs commands on such a host; returns the lines of their output and errors. */
export async function onHost(commands: string): Promise<string[]> {
  const script = `project=$1 node=$0\n${HOST}${commands}`;
  const words = ['--mount', 'sh', '-c', script, process.execPath, projectRoot];
  const { code, stdout, stderr } = await run('unshare', words, { env: { PATH: process.env.PATH } });
  assert.is(code, 0, stdout + stderr);
  return stdout.trim().split('\n');
}

/** The same with the package in place. */
export const onHostWithPackage = (commands: string) => onHost(`put_program /opt/lib\n${commands}`);

/** The lines in which an error is reported. */
export const errorsIn = (lines: readonly string[]) => lines.filter((line) => line.startsWith('hostdev-cpuset: '));
