import * as assert from 'uvu/assert';
import { NIC } from '../inside/devices.js';
import { isPlaced } from '../inside/expect.js';
import { text } from '../inside/kernel-files.js';
import { scene } from '../inside/scene.js';
import { propertyOf } from '../inside/systemd.js';
import { eventually } from '../inside/wait.js';
import { watcherPids } from '../inside/watcher.js';

scene('without a watcher the hook lets systemd start one, which ends with the last domain', async (rig) => {
  await rig.watcher.stop();
  assert.equal(watcherPids(), []);
  const guest = await rig.running({ vcpus: ['2', '3'], devices: [{ address: NIC, slot: 5, cpuset: 'auto' }] });
  await eventually(async () => {
    const pid = await propertyOf('hostdev-cpuset-until-idle.service', 'MainPID');
    assert.equal(watcherPids(), [Number(pid)]);
    // Confined like the service.
    assert.match(text(`/proc/${pid}/status`), /^CapBnd:\t0000000000080004\nCapAmb:.*\nNoNewPrivs:\t1\nSeccomp:\t2$/m);
  });
  const nic = guest.driver(5);
  await nic.load(3);
  await isPlaced(NIC, 3, '2-3');
  await nic.unload();
  await nic.load(4);
  await isPlaced(NIC, 4, '2-3');
  await guest.remove();
  await eventually(() => assert.equal(watcherPids(), []));
});
