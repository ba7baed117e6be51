import type { PseudoFs } from '../../host/pseudo-fs.js';
import { ToolError } from '../../lib/errors.js';

/** @throws ToolError where there is no Linux below the root, or here */
export function assertHost(files: PseudoFs, root: string | undefined): void {
  if (files.read('/sys/devices/system/cpu/online') !== undefined) return;
  throw new ToolError(`${root ? `${root} is` : 'this is'} no Linux host: there is no /sys/devices/system/cpu/online`);
}
