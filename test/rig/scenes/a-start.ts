import * as assert from 'uvu/assert';
import { DISK, NEAR_NIC, NIC, OTHER_NIC } from '../inside/devices.js';
import { isAsBorn, isPlaced, othersOnTheHost } from '../inside/expect.js';
import { sceneOnEveryArchitecture } from '../inside/scene.js';

sceneOnEveryArchitecture(
  'a start applies auto, a cpuset, native and no policy per device, and changes nothing else on the host',
  async (rig) => {
    const before = othersOnTheHost(['nvme0', 'nvme1']);
    const guest = await rig.running({
      vcpus: ['2', '3'],
      devices: [
        { address: NIC, slot: 5, cpuset: 'auto' },
        { address: DISK, slot: 6, cpuset: '1,3' },
        { address: NEAR_NIC, slot: 7, cpuset: 'native' },
        { address: OTHER_NIC, slot: 8 },
      ],
    });
    await guest.driver(5).load(5);
    await guest.driver(6).load(9);
    await guest.driver(7).load(3);
    await guest.driver(8).load(3);
    await isPlaced(NIC, 5, '2-3');
    await isPlaced(DISK, 9, '1,3');
    await isAsBorn(NEAR_NIC, 3);
    await isAsBorn(OTHER_NIC, 3);
    assert.is(othersOnTheHost(['nvme0', 'nvme1']), before);
  },
);
