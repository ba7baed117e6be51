import { existsSync, readdirSync } from 'node:fs';
import * as assert from 'uvu/assert';
import { DISK, NIC, OLD_NIC } from '../inside/devices.js';
import { isPlaced } from '../inside/expect.js';
import { driverOf, interruptsOf, type KernelInterrupt, text } from '../inside/kernel-files.js';
import { virsh } from '../inside/libvirt.js';
import { run } from '../inside/run.js';
import { scene } from '../inside/scene.js';
import { eventually } from '../inside/wait.js';

const HOOK = '/etc/libvirt/hooks/qemu.d/hostdev-cpuset';
const STATE = '/run/hostdev-cpuset';

const states = () => readdirSync(STATE).filter((name) => /^[0-9a-f-]{36}\.json$/.test(name));

scene('without a hook: start, hotplug, reboot, reset, restart of libvirtd, and end of a guest', async (rig) => {
  rig.note(await run('hostdev-cpuset', 'install', '--no-hook'));
  assert.not(existsSync(HOOK), 'the hook of the installation was removed');
  // A guest that the watcher did not know before.
  await rig.libvirt.stop();
  await rig.libvirt.start();
  try {
    const before = states();
    // Earlier scenes may have changed its mask from the default.
    const maskBefore = text(`/proc/irq/${text(`/sys/bus/pci/devices/${OLD_NIC}/irq`).trim()}/smp_affinity`);
    const guest = await rig.running({
      default: 'auto',
      vcpus: ['2', '3'],
      devices: [
        { address: NIC, slot: 5 },
        { address: OLD_NIC, slot: 6 },
      ],
    });
    await isPlaced(OLD_NIC, 1, '2-3');
    const [line] = interruptsOf(OLD_NIC) as [KernelInterrupt];
    await guest.driver(5).load(3);
    await isPlaced(NIC, 3, '2-3');

    const disk = { address: DISK, slot: 7 };
    await guest.attach(disk);
    await guest.driver(7).load(5);
    await isPlaced(DISK, 5, '2-3');
    await guest.detach(disk);
    await eventually(() => assert.is(driverOf(DISK), 'nvme'));

    await guest.reboot();
    await eventually(() => assert.is(interruptsOf(NIC).filter(({ type }) => type === 'msix').length, 0));
    await guest.driver(5).load(4);
    await isPlaced(NIC, 4, '2-3');
    await guest.reset();
    await eventually(() => assert.is(interruptsOf(NIC).filter(({ type }) => type === 'msix').length, 0));
    await guest.driver(5).load(3);
    await isPlaced(NIC, 3, '2-3');

    await rig.libvirt.stop();
    await guest.driver(5).unload();
    await guest.driver(5).load(4);
    await isPlaced(NIC, 4, '2-3');
    await rig.libvirt.start();
    assert.is((await virsh('domstate', guest.name)).trim(), 'paused');
    await virsh('vcpupin', guest.name, '0', '1', '--live');
    await isPlaced(NIC, 4, '3');

    assert.is(states().length, before.length + 1);
    await guest.remove();
    const restored = [maskBefore || text('/proc/irq/default_smp_affinity'), text('/proc/irq/default_smp_affinity')];
    await eventually(() => assert.ok(restored.includes(text(`/proc/irq/${line.irq}/smp_affinity`))));
    await eventually(() => assert.equal(states(), before));
    await eventually(() => assert.is(text(`${STATE}/devices`), ''));
  } finally {
    await run('hostdev-cpuset', 'install');
    // libvirtd reads the hook directories when it starts.
    await rig.libvirt.stop();
    await rig.libvirt.start();
  }
});
