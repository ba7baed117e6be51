import * as assert from 'uvu/assert';
import { EDU, NIC, OLD_NIC } from '../inside/devices.js';
import { isPlaced } from '../inside/expect.js';
import { interruptsOf, numbersOf, readInterrupt, text } from '../inside/kernel-files.js';
import { scene } from '../inside/scene.js';
import { eventually } from '../inside/wait.js';

scene('a device with nothing but INTx: its line is placed, and gets back what it had', async (rig) => {
  const irq = Number(text(`/sys/bus/pci/devices/${OLD_NIC}/irq`));
  const guest = await rig.guest({ devices: [{ address: OLD_NIC, slot: 5, cpuset: '3' }] });
  const before = text(`/proc/irq/${irq}/smp_affinity`);
  await guest.start();
  await isPlaced(OLD_NIC, 1, '3');
  assert.equal(interruptsOf(OLD_NIC)[0]?.handlers, [`vfio-intx(${OLD_NIC})`]);
  await guest.remove();
  await eventually(() => assert.is(text(`/proc/irq/${irq}/smp_affinity`), before));
});

scene('a device with one MSI', async (rig) => {
  const guest = await rig.running({ vcpus: ['1'], devices: [{ address: EDU, slot: 5, cpuset: 'auto' }] });
  await guest.driver(5).loadMsi();
  await eventually(() => assert.equal(interruptsOf(EDU)[0]?.handlers, [`vfio-msi[0](${EDU})`]));
  await isPlaced(EDU, 1, '1');
});

scene('phantom vectors, which msi_irqs names and nobody handles, are no obstacle', async (rig) => {
  const guest = await rig.running({ devices: [{ address: NIC, slot: 5, cpuset: '1' }] });
  const nic = guest.driver(5);
  await nic.enableMsix();
  // the host must have all vectors up to the one that is asked for
  await nic.requestVectors(0, 1);
  await nic.requestVectors(4, 5);
  await isPlaced(NIC, 2, '1');
  const phantoms = numbersOf(NIC).filter((irq) => readInterrupt(irq) === undefined);
  assert.is(phantoms.length, 3);
  await nic.requestVectors(1, 4);
  await isPlaced(NIC, 5, '1');
});
