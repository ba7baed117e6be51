import * as assert from 'uvu/assert';
import { EDU, NIC, OLD_NIC } from '../inside/devices.js';
import { isPlaced } from '../inside/expect.js';
import { interruptsOf, type KernelInterrupt, numbersOf, readInterrupt, text } from '../inside/kernel-files.js';
import { scene } from '../inside/scene.js';
import { eventually } from '../inside/wait.js';

scene('a device with nothing but INTx: its line is placed, and gets back what it had', async (rig) => {
  const guest = await rig.running({ devices: [{ address: OLD_NIC, slot: 5, cpuset: '3' }] });
  await isPlaced(OLD_NIC, 1, '3');
  const [line] = interruptsOf(OLD_NIC) as [KernelInterrupt];
  assert.equal(line.handlers, [`vfio-intx(${OLD_NIC})`]);
  await guest.remove();
  // nobody had used the line before: then it has the default
  const had = text('/proc/irq/default_smp_affinity');
  await eventually(() => assert.is(text(`/proc/irq/${line.irq}/smp_affinity`), had));
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
