import { cpus } from 'node:os';
import type { Architecture } from './architecture.js';

/** What differs between the emulated hosts of two architectures. */
export interface Board {
  /** the program that emulates it */
  program: string;
  /** its options: machine, CPU, and the IOMMU */
  machine: string;
  /**
   * options of the kernel, and variables of init.sh: the devices for vfio-pci alone, and the serial port for reports
   */
  kernel: string;
  /** the second serial port, for the character device `report` */
  reports: string;
  /** where PCI devices of node 1 are attached, if the firmware can say so, by number from 0 */
  farBus(index: number): string;
  /** devices that precede those */
  before: string;
  /** options of root ports */
  port: string;
}

// nowatchdog: on a busy machine the emulated clock is late, which is not a fault of the kernel. numa_balancing:
// otherwise the kernel unmaps pages to find out which node uses them, which costs 0.3 ms per page here. init_on_alloc:
// avoids clearing memory twice. norecord-cmd: otherwise enabling the first and disabling the last trace event makes the
// kernel write breakpoints into its scheduler, which QEMU 7.2 may run after their removal (fault-of-emulation.ts).
const KERNEL =
  'quiet panic=-1 mitigations=off nowatchdog numa_balancing=disable init_on_alloc=0 trace_options=norecord-cmd';

/** A PC with Intel's IOMMU. Addresses of node 1 begin with bus 0x81. */
const PC: Board = {
  program: 'qemu-system-x86_64',
  machine: '-machine q35 -cpu max,-la57 -device intel-iommu,intremap=on,caching-mode=on',
  // no_timer_check: see nowatchdog. tsc=reliable: otherwise the kernel reads the emulated HPET under a lock for each
  // timestamp, a quarter of all its time.
  kernel: `console=ttyS0 report=ttyS1 cards=0000:8[3-8] intel_iommu=on no_timer_check tsc=reliable ${KERNEL}${knownDelay()}`,
  reports: '-serial chardev:report',
  before: '-device pxb-pcie,id=far,bus_nr=0x80,numa_node=1,bus=pcie.0,addr=0x10',
  farBus: () => 'far',
  port: '',
};

/**
 * An Arm server without firmware: the kernel gets a device tree, numbers the buses itself, and knows no node of a
 * device. GICv3 with ITS, for MSI, and SMMUv3.
 */
const VIRT: Board = {
  program: 'qemu-system-aarch64',
  machine: '-machine virt,gic-version=3,iommu=smmuv3 -cpu neoverse-n1',
  kernel: `console=ttyAMA0 report=ttyS0 cards=0000:0[6-9ab] ${KERNEL}`,
  reports: '-device pci-serial,chardev=report,bus=pcie.0,addr=0x1',
  before: '',
  // with a device tree a port shares the IOMMU group of its device: its own interrupts then fail, and hotplug needs
  // them
  port: ',hotplug=off',
  // from this slot on, no legacy line is shared by the devices that a scene passes through together
  farBus: (index) => `pcie.0,addr=0x${(0x12 + index).toString(16)}`,
};

export const BOARDS: Record<Architecture, Board> = { amd64: PC, arm64: VIRT };

/**
 * The calibrated delay loop per tick, 250 a second. Without it the kernel calibrates for each socket, a second each.
 */
function knownDelay(): string {
  const megahertz = cpus()[0]?.speed ?? 0;
  return megahertz > 0 ? ` lpj=${megahertz * 4000}` : '';
}
