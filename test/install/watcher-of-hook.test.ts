import { readFileSync } from 'node:fs';
import * as assert from 'uvu/assert';
import { projectRoot } from '../support/cli.js';
import { needs, suiteWhere } from '../support/needs.js';
import { onHostWithPackage } from './own-host.js';

const test = suiteWhere('the watcher that the installed hook starts', needs('mount-namespace'));

/**
 * What the hook prints, and how it calls systemd-run: a line a word. The enforcer is replaced, as it would read this
 * machine's interrupts.
 * @param refusal a command of systemd-run, which decides whether it accepts the properties
 */
async function startedByHook(refusal = ''): Promise<{ printed: string[]; calls: string[][] }> {
  const lines = await onHostWithPackage(`tool install >/dev/null
sed -i "s|^node=.*|node=''|; s|^cli=.*|cli=/bin/true|" /etc/hostdev-cpuset/hook
program systemd-run 'printf "%s\\n" -- "$@" >>/run/words
${refusal}'
xml='<domain><name>g</name><x xmlns="urn:hostdev-cpuset:1"/></domain>'
echo "$xml" | /etc/libvirt/hooks/qemu.d/hostdev-cpuset g started begin -
echo ran
cat /run/words`);
  const end = lines.indexOf('ran');
  const calls = lines
    .slice(end + 1)
    .join('\n')
    .split(/^--\n/m);
  return { printed: lines.slice(0, end), calls: calls.slice(1).map((call) => call.trim().split('\n')) };
}

const COMMAND = ['/bin/true', 'watch', '--until-idle'];

test('it has the restrictions of the service', async () => {
  const { printed, calls } = await startedByHook();
  assert.equal(printed, []);
  const [, , unit = ''] =
    /^(.*)\[Service\]\n(.*?)\n\[Install\]/s.exec(
      readFileSync(`${projectRoot}service/hostdev-cpuset.service`, 'utf8'),
    ) ?? [];
  const ofService = /^(?:Type|NotifyAccess|Environment(?:File)?|Exec.*|Restart.*|WatchdogSec)=/;
  const restrictions = unit.split('\n').filter((line) => /^[A-Z]\w+=/.test(line) && !ofService.test(line));
  assert.ok(restrictions.length > 25 && restrictions.includes('ProtectSystem=strict'));
  assert.is(calls.length, 1);
  assert.equal(
    calls[0]?.filter((word) => word.startsWith('--property=')),
    restrictions.map((line) => `--property=${line}`),
  );
  assert.equal(calls[0]?.slice(-COMMAND.length), COMMAND);
});

test('if systemd-run rejects a property, it is started without them, and this is reported', async () => {
  const { printed, calls } = await startedByHook(
    'case $* in *--property*) echo Unknown assignment: ProtectClock=yes >&2; exit 1 ;; esac',
  );
  assert.is(printed.length, 1);
  assert.match(
    printed[0] ?? '',
    /^hostdev-cpuset: g: started: this systemd-run does not know the restrictions of the service .*ProtectClock/,
  );
  assert.is(calls.length, 2);
  assert.equal(
    calls[1]?.filter((word) => word.startsWith('--property')),
    [],
  );
  assert.equal(calls[1]?.slice(-COMMAND.length), COMMAND);
});

test.run();
