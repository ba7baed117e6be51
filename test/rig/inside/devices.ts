/** Bus 0x80, where the devices of node 1 are on a PC; elsewhere they follow those of node 0 (machine/board.ts). */
const FAR = process.arch === 'x64' ? 0x80 : 3;
const far = (port: number) => `0000:${(FAR + port).toString(16).padStart(2, '0')}:00.0`;

/** The devices of test/rig/machine/emulated-host.ts by purpose. */
export const DISK = far(1);
export const NIC = far(2);
export const NEAR_NIC = '0000:01:00.0';
export const OTHER_NIC = '0000:02:00.0';
/** INTx only */
export const OLD_NIC = '0000:00:0d.0';
/** one MSI */
export const EDU = '0000:00:0c.0';
/** used by the host */
export const HOST_DISK = '0000:03:00.0';
/** Like NIC; always with vfio-pci. */
export const VFIO_NICS = [3, 4, 5, 6, 7, 8].map(far);
