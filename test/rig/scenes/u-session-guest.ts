import { rmSync, writeFileSync } from 'node:fs';
import * as assert from 'uvu/assert';
import { NIC } from '../inside/devices.js';
import { isPlaced } from '../inside/expect.js';
import { interruptsOf } from '../inside/kernel-files.js';
import { scene } from '../inside/scene.js';
import { SessionGuest } from '../inside/session-guest.js';
import { bindTo } from '../inside/vfio-binding.js';
import { eventually } from '../inside/wait.js';

const CONFIGURATION = '/etc/hostdev-cpuset/config.json';
const AUTO = '<hostdevs xmlns="urn:hostdev-cpuset:1" default="auto"/>';

scene("a guest of an ordinary user's libvirt is found and held by the service, as a scope allows", async (rig) => {
  bindTo(NIC, 'vfio-pci');
  writeFileSync(CONFIGURATION, '{ "scopes": [{ "users": ["1000"] }] }\n');
  let guest: SessionGuest | undefined;
  try {
    await rig.watcher.reload();
    guest = await SessionGuest.start({ name: 'desktop', address: NIC, vcpus: ['3'], policy: AUTO });
    await guest.driver.load(3);
    await isPlaced(NIC, 3, '3');
    await guest.driver.unload();
    await guest.driver.load(4);
    await isPlaced(NIC, 4, '3');
    await guest.reset();
    await eventually(() =>
      assert.equal(
        interruptsOf(NIC).filter(({ type }) => type === 'msix'),
        [],
      ),
    );
    await guest.driver.load(3);
    await isPlaced(NIC, 3, '3');
  } finally {
    await guest?.remove();
    rmSync(CONFIGURATION);
    await rig.watcher.reload();
    bindTo(NIC, '');
  }
});
