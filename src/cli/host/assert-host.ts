import type { PseudoFs } from '../../host/pseudo-fs.js';
import { ToolError } from '../../lib/errors.js';

/** @throws ToolError if this machine, or the directory of the root, is not a Linux host */
export function assertHost(files: PseudoFs, root: string | undefined): void {
  if (files.read('/sys/devices/system/cpu/online') !== undefined) return;
  throw new ToolError(`${root || 'this'} is not a Linux host: it has no /sys/devices/system/cpu/online`);
}
