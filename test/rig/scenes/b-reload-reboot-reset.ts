import * as assert from 'uvu/assert';
import { DISK, NIC } from '../inside/devices.js';
import { isPlaced } from '../inside/expect.js';
import { interruptsOf } from '../inside/kernel-files.js';
import { sceneOnEveryArchitecture } from '../inside/scene.js';
import { eventually } from '../inside/wait.js';

const noVectors = (address: string) =>
  eventually(() =>
    assert.equal(
      interruptsOf(address).filter(({ type }) => type === 'msix'),
      [],
      `vectors of ${address}`,
    ),
  );

sceneOnEveryArchitecture(
  'after a driver reload, a reboot and virsh reset all vectors are placed, even if IRQs move between devices',
  async (rig) => {
    const guest = await rig.running({
      vcpus: ['2', '3'],
      devices: [
        { address: NIC, slot: 5, cpuset: 'auto' },
        { address: DISK, slot: 6, cpuset: '1' },
      ],
    });
    const nic = guest.driver(5);
    await nic.load(3);
    await guest.driver(6).load(5);
    await isPlaced(NIC, 3, '2-3');
    await isPlaced(DISK, 5, '1');

    await nic.unload();
    await noVectors(NIC);
    await nic.load(4);
    await isPlaced(NIC, 4, '2-3');

    await guest.reboot();
    await noVectors(NIC);
    await noVectors(DISK);
    await guest.driver(5).load(3);
    await guest.driver(6).load(5);
    await isPlaced(NIC, 3, '2-3');
    await isPlaced(DISK, 5, '1');
    const numbersOfNic = interruptsOf(NIC).map(({ irq }) => irq);

    await guest.reset();
    await noVectors(NIC);
    await noVectors(DISK);
    await guest.driver(6).load(5);
    await guest.driver(5).load(3);
    await isPlaced(DISK, 5, '1');
    await isPlaced(NIC, 3, '2-3');
    const crossed = interruptsOf(DISK).filter(({ irq }) => numbersOfNic.includes(irq));
    assert.ok(crossed.length > 0, 'the disk has IRQs that were the network card’s');
  },
);
