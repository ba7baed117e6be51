import { cpus } from 'node:os';

/**
 * The emulated host: four CPUs on two nodes, an IOMMU with interrupt remapping, and devices to pass through. Addresses
 * on the host: 0000:00:0c.0 edu (one MSI), 0000:00:0d.0 e1000 (INTx only), 0000:01:00.0 and 0000:02:00.0 e1000e (5
 * MSI-X), 0000:03:00.0 nvme (used by the host, with managed interrupts); on node 1 0000:81:00.0 nvme (65 MSI-X),
 * 0000:82:00.0 e1000e, and 0000:83:00.0 to 0000:88:00.0 e1000e, which init.sh gives to vfio-pci. The second serial port
 * is standard output for the reports of the scenes.
 */
export function emulatedHost(folders: { boot: string; rig: string; cache: string; console: string }): string[] {
  return [
    ...words(
      '-machine q35 -accel tcg,thread=multi,tb-size=512 -cpu max,-la57 -m 3072M -smp 4,sockets=2,cores=2,threads=1',
    ),
    ...[0, 1].flatMap((node) => [
      ...words(`-object memory-backend-ram,id=memory${node},size=1536M`),
      ...words(`-numa node,nodeid=${node},cpus=${2 * node}-${2 * node + 1},memdev=memory${node}`),
    ]),
    ...words('-nodefaults -display none -no-reboot -device intel-iommu,intremap=on,caching-mode=on'),
    ...['-kernel', `${folders.boot}/vmlinux`, '-initrd', `${folders.boot}/initramfs`],
    // no_timer_check, nowatchdog: on a busy machine the emulated clock is late, which is not a fault of the kernel.
    // tsc=reliable: otherwise the kernel reads the emulated HPET under a lock for each timestamp, a quarter of all its
    // time. numa_balancing: otherwise the kernel unmaps pages to find out which node uses them, which costs 0.3 ms per
    // page here. init_on_alloc: avoids clearing memory twice. norecord-cmd: otherwise enabling the first and disabling
    // the last trace event makes the kernel write breakpoints into its scheduler, which QEMU 7.2 may run after their
    // removal (fault-of-emulation.ts).
    ...['-append', `${OPTIONS} ${knownDelay()}`],
    ...['-serial', `file:${comma(folders.console)}`],
    ...words('-chardev stdio,id=report,signal=off -serial chardev:report'),
    ...shared('usr', '/usr', true, 3),
    ...shared('rig', folders.rig, true, 4),
    ...shared('cache', folders.cache, false, 5),
    ...behindPort(1, 'pcie.0,addr=0x8', 'e1000e'),
    ...behindPort(2, 'pcie.0,addr=0x9', 'e1000e'),
    ...behindPort(3, 'pcie.0,addr=0xa', nvme(3)),
    ...words('-device edu,bus=pcie.0,addr=0xc -device e1000,bus=pcie.0,addr=0xd'),
    ...words('-device pxb-pcie,id=far,bus_nr=0x80,numa_node=1,bus=pcie.0,addr=0x10'),
    ...behindPort(4, 'far', nvme(4)),
    ...[5, 6, 7, 8, 9, 10, 11].flatMap((id) => behindPort(id, 'far', 'e1000e')),
    ...[3, 4].flatMap((id) => words(`-drive driver=null-co,size=64M,if=none,id=disk${id}`)),
  ];
}

const OPTIONS =
  'console=ttyS0 intel_iommu=on quiet panic=-1 mitigations=off no_timer_check nowatchdog tsc=reliable numa_balancing=disable init_on_alloc=0 trace_options=norecord-cmd';

/**
 * The calibrated delay loop per tick, 250 a second. Without it the kernel calibrates for each socket, a second each.
 */
function knownDelay(): string {
  const megahertz = cpus()[0]?.speed ?? 0;
  return megahertz > 0 ? `lpj=${megahertz * 4000}` : '';
}

const words = (text: string) => text.split(' ');
const nvme = (id: number) => `nvme,serial=rig${id},drive=disk${id}`;
/** QEMU's escape for a comma in a value. */
const comma = (path: string) => path.replaceAll(',', ',,');

/**
 * A device on its own root port, and therefore in its own IOMMU group. With a faster port the kernel would wait for a
 * link at each reset.
 */
function behindPort(id: number, bus: string, device: string): string[] {
  const port = `pcie-root-port,id=port${id},chassis=${id},slot=${id},bus=${bus},x-speed=5`;
  return ['-device', port, '-device', `${device},bus=port${id}`];
}

/** A directory of this machine that the emulated host mounts by `tag`. */
function shared(tag: string, path: string, readonly: boolean, slot: number): string[] {
  const mode = `security_model=none,multidevs=remap${readonly ? ',readonly=on' : ''}`;
  return [
    ...['-fsdev', `local,id=${tag},path=${comma(path)},${mode}`],
    ...words(`-device virtio-9p-pci,fsdev=${tag},mount_tag=${tag},bus=pcie.0,addr=0x${slot}`),
  ];
}
