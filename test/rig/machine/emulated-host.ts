import { cpus } from 'node:os';

/**
 * The emulated host: four CPUs on two nodes, an IOMMU that remaps interrupts, and devices to pass through. Addresses
 * inside: 0000:00:0c.0 edu (one MSI), 0000:00:0d.0 e1000 (INTx only), 0000:01:00.0 and 0000:02:00.0 e1000e (5 MSI-X),
 * 0000:03:00.0 nvme (stays the host's: its interrupts are managed by the kernel); on node 1 0000:81:00.0 nvme (65
 * MSI-X) and 0000:82:00.0 e1000e. Port 2 of the serial lines is standard output: what the scenes report.
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
    // no_timer_check, nowatchdog: on a busy machine an emulated clock is late, which is no fault of the kernel's;
    // tsc=reliable: else it reads the emulated HPET, under a lock, whenever anybody asks for the time, and spends a
    // quarter of all its time there; numa_balancing: a kernel that moves memory to where it is used takes pages away
    // from programs, to see who comes back for them, which costs 0.3 ms a page here; init_on_alloc: nor is memory
    // cleared twice; norecord-cmd: else the first and the last trace event of all have the kernel write breakpoints
    // into its scheduler, which QEMU 7.2 may run after they went (fault-of-emulation.ts)
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
    ...behindPort(5, 'far', 'e1000e'),
    ...[3, 4].flatMap((id) => words(`-drive driver=null-co,size=64M,if=none,id=disk${id}`)),
  ];
}

const OPTIONS =
  'console=ttyS0 intel_iommu=on quiet panic=-1 mitigations=off no_timer_check nowatchdog tsc=reliable numa_balancing=disable init_on_alloc=0 trace_options=norecord-cmd';

/**
 * What a second of waiting is in turns of a loop, 250 a second: else the kernel finds out for each socket, in a second
 * each.
 */
function knownDelay(): string {
  const megahertz = cpus()[0]?.speed ?? 0;
  return megahertz > 0 ? `lpj=${megahertz * 4000}` : '';
}

const words = (text: string) => text.split(' ');
const nvme = (id: number) => `nvme,serial=rig${id},drive=disk${id}`;
/** QEMU's own way to write a comma in a value. */
const comma = (path: string) => path.replaceAll(',', ',,');

/**
 * A device on a root port of its own: then it has an IOMMU group of its own. Of a faster port the kernel waits for a
 * link at each reset.
 */
function behindPort(id: number, bus: string, device: string): string[] {
  const port = `pcie-root-port,id=port${id},chassis=${id},slot=${id},bus=${bus},x-speed=5`;
  return ['-device', port, '-device', `${device},bus=port${id}`];
}

/** A folder of this machine, which the emulated host mounts by `tag`. */
function shared(tag: string, path: string, readonly: boolean, slot: number): string[] {
  const mode = `security_model=none,multidevs=remap${readonly ? ',readonly=on' : ''}`;
  return [
    ...['-fsdev', `local,id=${tag},path=${comma(path)},${mode}`],
    ...words(`-device virtio-9p-pci,fsdev=${tag},mount_tag=${tag},bus=pcie.0,addr=0x${slot}`),
  ];
}
