/** A processor architecture by Debian's name. The first is that of this machine. */
export const ARCHITECTURES = ['amd64', 'arm64'] as const;

export type Architecture = (typeof ARCHITECTURES)[number];
