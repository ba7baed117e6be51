import * as assert from 'uvu/assert';
import { EDU, NIC, OLD_NIC } from '../inside/devices.js';
import { isPlaced } from '../inside/expect.js';
import { interruptsOf, type KernelInterrupt, numbersOf, readInterrupt, text } from '../inside/kernel-files.js';
import { scene } from '../inside/scene.js';
import { eventually } from '../inside/wait.js';

scene(
  'a device with only INTx, one with one MSI, and phantom vectors that are in msi_irqs without a handler',
  async (rig) => {
    const guest = await rig.running({
      vcpus: ['1'],
      devices: [
        { address: OLD_NIC, slot: 5, cpuset: '3' },
        { address: EDU, slot: 6, cpuset: 'auto' },
        { address: NIC, slot: 7, cpuset: '1' },
      ],
    });
    await isPlaced(OLD_NIC, 1, '3');
    const [line] = interruptsOf(OLD_NIC) as [KernelInterrupt];
    assert.equal(line.handlers, [`vfio-intx(${OLD_NIC})`]);

    await guest.driver(6).loadMsi();
    await eventually(() => assert.equal(interruptsOf(EDU)[0]?.handlers, [`vfio-msi[0](${EDU})`]));
    await isPlaced(EDU, 1, '1');

    const nic = guest.driver(7);
    await nic.enableMsix();
    // The host must have all vectors up to the requested one.
    await nic.requestVectors(0, 1);
    await nic.requestVectors(4, 5);
    await isPlaced(NIC, 2, '1');
    const phantoms = numbersOf(NIC).filter((irq) => readInterrupt(irq) === undefined);
    assert.is(phantoms.length, 3);
    await nic.requestVectors(1, 4);
    await isPlaced(NIC, 5, '1');

    await guest.remove();
    // The line was unused before, so the default affinity is restored.
    const had = text('/proc/irq/default_smp_affinity');
    await eventually(() => assert.is(text(`/proc/irq/${line.irq}/smp_affinity`), had));
  },
);
