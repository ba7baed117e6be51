/** Where running domains are looked for: libvirt is asked, or the processes in /proc are read. */
export const DISCOVERIES = ['libvirt', 'proc'] as const;
export type Discovery = (typeof DISCOVERIES)[number];
