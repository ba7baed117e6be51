import type { Board } from './board.js';

/** Paths on this machine. */
interface Paths {
  boot: string;
  rig: string;
  cache: string;
  console: string;
  usr: string;
}

/**
 * The emulated host: four CPUs on two nodes, an IOMMU with interrupt remapping, and devices to pass through: edu (one
 * MSI), e1000 (INTx only), two e1000e (5 MSI-X), an nvme (used by the host, with managed interrupts), and on node 1 an
 * nvme (65 MSI-X), an e1000e, and six more e1000e, which init.sh gives to vfio-pci. inside/devices.ts has their
 * addresses. The second serial port is standard output for the reports of the scenes.
 */
export function emulatedHost(board: Board, paths: Paths): string[] {
  const behindPort = (id: number, bus: string, device: string) => port(id, bus, device, board.port);
  return [
    ...words(`${board.machine} -accel tcg,thread=multi,tb-size=512 -m 3072M -smp 4,sockets=2,cores=2,threads=1`),
    ...[0, 1].flatMap((node) => [
      ...words(`-object memory-backend-ram,id=memory${node},size=1536M`),
      ...words(`-numa node,nodeid=${node},cpus=${2 * node}-${2 * node + 1},memdev=memory${node}`),
    ]),
    ...words('-nodefaults -display none -no-reboot'),
    ...['-kernel', `${paths.boot}/vmlinux`, '-initrd', `${paths.boot}/initramfs`, '-append', board.kernel],
    ...['-serial', `file:${comma(paths.console)}`],
    ...words(`-chardev stdio,id=report,signal=off ${board.reports}`),
    ...shared('usr', paths.usr, true, 3),
    ...shared('rig', paths.rig, true, 4),
    ...shared('cache', paths.cache, false, 5),
    ...behindPort(1, 'pcie.0,addr=0x8', 'e1000e'),
    ...behindPort(2, 'pcie.0,addr=0x9', 'e1000e'),
    ...behindPort(3, 'pcie.0,addr=0xa', nvme(3)),
    ...words('-device edu,bus=pcie.0,addr=0xc -device e1000,bus=pcie.0,addr=0xd'),
    ...words(board.before),
    ...behindPort(4, board.farBus(0), nvme(4)),
    ...[5, 6, 7, 8, 9, 10, 11].flatMap((id) => behindPort(id, board.farBus(id - 4), 'e1000e')),
    ...[3, 4].flatMap((id) => words(`-drive driver=null-co,size=64M,if=none,id=disk${id}`)),
  ];
}

const words = (text: string) => text.split(' ').filter(Boolean);
const nvme = (id: number) => `nvme,serial=rig${id},drive=disk${id}`;
/** QEMU's escape for a comma in a value. */
const comma = (path: string) => path.replaceAll(',', ',,');

/**
 * A device on its own root port, and therefore in its own IOMMU group. With a faster port the kernel would wait for a
 * link at each reset.
 */
function port(id: number, bus: string, device: string, options: string): string[] {
  const root = `pcie-root-port,id=port${id},chassis=${id},slot=${id},bus=${bus},x-speed=5${options}`;
  return ['-device', root, '-device', `${device},bus=port${id}`];
}

/** A directory of this machine that the emulated host mounts by `tag`. */
function shared(tag: string, path: string, readonly: boolean, slot: number): string[] {
  const mode = `security_model=none,multidevs=remap${readonly ? ',readonly=on' : ''}`;
  return [
    ...['-fsdev', `local,id=${tag},path=${comma(path)},${mode}`],
    ...words(`-device virtio-9p-pci,fsdev=${tag},mount_tag=${tag},bus=pcie.0,addr=0x${slot}`),
  ];
}
