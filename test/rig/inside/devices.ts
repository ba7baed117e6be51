/** The devices of test/rig/machine/emulated-host.ts by purpose. */
export const NIC = '0000:82:00.0';
export const DISK = '0000:81:00.0';
export const NEAR_NIC = '0000:01:00.0';
export const OTHER_NIC = '0000:02:00.0';
/** INTx only */
export const OLD_NIC = '0000:00:0d.0';
/** one MSI */
export const EDU = '0000:00:0c.0';
/** used by the host */
export const HOST_DISK = '0000:03:00.0';
/** Like NIC; always with vfio-pci. */
export const VFIO_NICS = [3, 4, 5, 6, 7, 8].map((bus) => `0000:8${bus}:00.0`);
