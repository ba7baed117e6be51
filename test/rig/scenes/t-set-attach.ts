import * as assert from 'uvu/assert';
import { DISK, NIC } from '../inside/devices.js';
import { isAsBorn, isPlaced } from '../inside/expect.js';
import { virsh } from '../inside/libvirt.js';
import { run } from '../inside/run.js';
import { scene } from '../inside/scene.js';

scene('set, unset and attach --live change the policies of real devices of a running domain', async (rig) => {
  const guest = await rig.running({ vcpus: ['2', '3'], devices: [{ address: NIC, slot: 5 }] });
  const nic = guest.driver(5);
  await nic.load(3);
  const set = (...words: string[]) => run('hostdev-cpuset', 'set', guest.name, ...words, '--live');
  await set(NIC, 'auto');
  await isPlaced(NIC, 3, '2-3');
  await set('hostdev0', '0');
  await isPlaced(NIC, 3, '0');

  await guest.attachWithPolicy({ address: DISK, slot: 6, cpuset: '1' });
  await guest.driver(6).load(5);
  await isPlaced(DISK, 5, '1');
  await isPlaced(NIC, 3, '0');

  await run('hostdev-cpuset', 'unset', guest.name, NIC, '--live');
  await nic.unload();
  await nic.load(4);
  await isAsBorn(NIC, 4);
  await isPlaced(DISK, 5, '1');
  const metadata = await virsh('metadata', guest.name, 'urn:hostdev-cpuset:1', '--live');
  assert.match(metadata, DISK);
  assert.not.match(metadata, NIC);
});
