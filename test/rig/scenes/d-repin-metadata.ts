import { NIC } from '../inside/devices.js';
import { isPlaced } from '../inside/expect.js';
import { virsh } from '../inside/libvirt.js';
import { scene } from '../inside/scene.js';

const NAMESPACE = 'urn:hostdev-cpuset:1';

scene('vcpupin --live and metadata --set change the targets of a running domain', async (rig) => {
  const guest = await rig.running({ vcpus: ['2', '3'], devices: [{ address: NIC, slot: 5, cpuset: 'auto' }] });
  await guest.driver(5).load(3);
  await isPlaced(NIC, 3, '2-3');

  await virsh('vcpupin', guest.name, '0', '1', '--live');
  await isPlaced(NIC, 3, '3');

  const metadata = `<hostdevs xmlns="${NAMESPACE}"><hostdev address="${NIC}" cpuset="0"/></hostdevs>`;
  await virsh('metadata', guest.name, NAMESPACE, '--set', metadata, '--key', 'policy', '--live');
  await isPlaced(NIC, 3, '0');
});
