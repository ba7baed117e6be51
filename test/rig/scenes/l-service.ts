import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import * as assert from 'uvu/assert';
import { NIC } from '../inside/devices.js';
import { assertPlaced, isPlaced } from '../inside/expect.js';
import { text } from '../inside/kernel-files.js';
import { virsh } from '../inside/libvirt.js';
import { scene } from '../inside/scene.js';
import { journalOf, propertyOf } from '../inside/systemd.js';
import { eventually } from '../inside/wait.js';
import { UNIT, watcherPids } from '../inside/watcher.js';

const CONFIGURATION = '/etc/hostdev-cpuset/config.json';
const DROP_IN = `/run/systemd/system/${UNIT}.d`;
const INSTANCE = '/sys/kernel/tracing/instances/hostdev-cpuset';

const mainPid = async () => Number(await propertyOf(UNIT, 'MainPID'));

scene('the hardened unit under systemd: reload, SIGKILL, watchdog, journal, stop', async (rig) => {
  // A watchdog message every 6 s, so that one can be waited for, and a short restart delay.
  mkdirSync(DROP_IN, { recursive: true });
  writeFileSync(`${DROP_IN}/watchdog.conf`, '[Service]\nWatchdogSec=12\nRestartSec=1\n');
  await rig.watcher.reloadUnits();

  const guest = await rig.running({ vcpus: ['2', '3'], devices: [{ address: NIC, slot: 5, cpuset: 'auto' }] });
  const nic = guest.driver(5);
  await nic.load(3);
  await isPlaced(NIC, 3, '2-3');
  const pid = await mainPid();
  assert.equal(watcherPids(), [pid]);
  // Confined, according to the kernel.
  const confinement = text(`/proc/${pid}/status`).match(/^(?:CapEff|CapBnd|NoNewPrivs|Seccomp):.*$/gm);
  // CAP_DAC_READ_SEARCH (2) and CAP_SYS_PTRACE (19) are the only capabilities
  assert.equal(confinement, [
    'CapEff:\t0000000000080004',
    'CapBnd:\t0000000000080004',
    'NoNewPrivs:\t1',
    'Seccomp:\t2',
  ]);
  const mounts = text(`/proc/${pid}/mountinfo`)
    .split('\n')
    .map((line) => line.split(' '));
  const isReadOnly = (path: string) =>
    mounts
      .filter(([, , , , at]) => at === path)
      .at(-1)?.[5]
      ?.startsWith('ro,');
  assert.equal(['/', '/usr', '/proc', '/sys', '/proc/irq'].map(isReadOnly), [true, true, true, true, false]);

  writeFileSync(CONFIGURATION, '{ "allowedCpus": "0,3" }\n');
  await rig.watcher.reload();
  await isPlaced(NIC, 3, '3');
  assert.is(await mainPid(), pid, 'the process is the same');
  rmSync(CONFIGURATION);
  await rig.watcher.reload();
  await isPlaced(NIC, 3, '2-3');

  await rig.watcher.kill();
  await nic.unload();
  await virsh('vcpupin', guest.name, '1', '0', '--live');
  await nic.load(4);
  await isPlaced(NIC, 4, '2');
  assert.is(await propertyOf(UNIT, 'NRestarts'), '1');
  const sign = () => propertyOf(UNIT, 'WatchdogTimestampMonotonic');
  const first = await sign();
  await eventually(async () => assert.is.not(await sign(), first));

  const lines = await journalOf(UNIT);
  const entries = lines.filter(
    (line) => line.HOSTDEV_CPUSET_DOMAIN === guest.name && line.HOSTDEV_CPUSET_ADDRESS === NIC,
  );
  assert.ok(entries.every((line) => line.OBJECT_SYSTEMD_UNIT === UNIT));
  assert.ok(entries.length >= 4, 'the journal of the unit has each placement with its fields');
  assert.equal(
    lines.filter((line) => line.SYSLOG_IDENTIFIER === 'node'),
    [],
  );

  const begin = performance.now();
  await rig.watcher.stop();
  rig.note(`systemctl stop: ${(performance.now() - begin).toFixed(0)} ms`);
  assert.is(await propertyOf(UNIT, 'Result'), 'success');
  assert.is(await propertyOf(UNIT, 'ActiveState'), 'inactive');
  assert.equal(watcherPids(), []);
  assert.is(text(`${INSTANCE}/tracing_on`), '');
  assertPlaced(NIC, 4, '2');
  rmSync(DROP_IN, { recursive: true });
  await rig.watcher.reloadUnits();
});
