import * as assert from 'uvu/assert';
import { type Contender, cpusOfVcpus, NOTHING, US } from '../inside/contenders.js';
import { DeliveryCounts } from '../inside/delivery-counts.js';
import { VFIO_NICS } from '../inside/devices.js';
import { cpusIn } from '../inside/expect.js';
import { interruptsOf, text } from '../inside/kernel-files.js';
import { NetworkCard } from '../inside/network-card.js';
import { scene } from '../inside/scene.js';
import { eventually, sleep } from '../inside/wait.js';

const CONTENDERS: Contender[] = [NOTHING, US];

scene("comparison: interrupts off the vCPUs' CPUs and off the device's node", async (rig) => {
  const begin = performance.now();
  const lap = (name: string) => rig.note(`${((performance.now() - begin) / 1000).toFixed(1)} ${name}`);
  const devices = CONTENDERS.map((one, index) => ({
    ...{ address: VFIO_NICS[index] as string, slot: 5 + index, managed: false },
    cpuset: one === US ? 'auto' : 'native',
  }));
  const guest = await rig.running({ vcpus: ['1', '3'], devices });
  lap('started');
  const counts = new DeliveryCounts();
  const local = cpusIn(text(`/sys/bus/pci/devices/${VFIO_NICS[0]}/local_cpulist`));
  const load = async () => {
    await Promise.all(
      devices.map(async ({ slot }) => {
        await guest.driver(slot).load(NetworkCard.vectors);
        await new NetworkCard(guest.qtest, slot).prepare();
      }),
    );
    lap('loaded');
  };
  const work = async () => {
    const vcpus = cpusOfVcpus(guest.name);
    counts.begin();
    for (let pulse = 0; pulse < 40; pulse++) {
      await Promise.all(devices.map(({ slot }) => new NetworkCard(guest.qtest, slot).raise()));
      counts.take(vcpus, local);
      await sleep(60);
    }
    await sleep(100);
    counts.take(vcpus, local);
    lap(`worked; vCPUs on ${vcpus}; local ${local}`);
  };
  await sleep(1500);
  await load();
  await work();
  await guest.reboot();
  await eventually(() =>
    assert.equal(
      devices.flatMap(({ address }) => interruptsOf(address)).filter(({ type }) => type === 'msix'),
      [],
    ),
  );
  lap('rebooted');
  await load();
  await work();
  for (const [index, { name }] of CONTENDERS.entries())
    rig.note(`${name}: ${JSON.stringify(counts.of(devices[index]?.address as string))}`);
});
