import { projectRoot } from '../support/cli.js';
import { run } from '../support/run.js';

// /run with the journal is private to the script. The kernel's log is left to the machine's journald.
const SCRIPT = `
set -e
mount -t tmpfs -o mode=755 private-journald /run
mkdir -p /run/systemd/journal /run/systemd/journald.conf.d /run/log/journal
printf '[Journal]\\nReadKMsg=no\\nAudit=no\\nStorage=volatile\\nForwardToSyslog=no\\nForwardToWall=no\\n' \\
  >/run/systemd/journald.conf.d/private.conf
/lib/systemd/systemd-journald 2>/dev/null &
while [ ! -S /run/systemd/journal/socket ]; do sleep 0.05; done
"$@" >&2
journalctl --directory=/run/log/journal --sync >/dev/null 2>&1 || true
journalctl --directory=/run/log/journal --output=json --no-pager SYSLOG_IDENTIFIER=hostdev-cpuset
`;

/** Runs a TypeScript file of the tests with its own journald, and returns the entries of that journal. */
export async function journalOf(file: string): Promise<Record<string, unknown>[]> {
  const namespaces = ['--mount', '--pid', '--fork', '--kill-child', '--mount-proc'];
  const words = [process.execPath, '--import', 'tsx', `${projectRoot}test/system/${file}`];
  const { code, stdout, stderr } = await run('unshare', [...namespaces, 'sh', '-c', SCRIPT, 'sh', ...words], {
    cwd: projectRoot,
  });
  if (code !== 0) throw new Error(stderr);
  return stdout
    .trim()
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
}
