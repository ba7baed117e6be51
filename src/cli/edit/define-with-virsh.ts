import { ToolError } from '../../lib/errors.js';
import { callVirsh, errorsOf, runningNames } from '../../libvirt/virsh-sync.js';
import { TempDir } from '../files/temp-dir.js';

/** virsh's word for a libvirt that is not there: no fault of the definition. */
const NO_CONNECTION = 'failed to connect to the hypervisor';

export interface DefineRequest {
  connect: string | undefined;
  /** libvirt checks the XML against its own schema first */
  validate: boolean;
}

/**
 * Hands a definition to `virsh define`, in a file of its own: virsh opens what it is given by name, which a pipe of Node's has none of.
 * @returns why libvirt does not take it; undefined where it has
 * @throws ToolError where virsh, or libvirt, is not there
 */
export function defineWithVirsh(xml: string, { connect, validate }: DefineRequest): string | undefined {
  const folder = new TempDir();
  try {
    const file = folder.write('domain.xml', xml);
    const args = ['define', ...(validate ? ['--validate'] : []), `--file=${file}`];
    const { status, stderr } = callVirsh(connect, args, true);
    if (status === 0) return undefined;
    const errors = errorsOf(stderr);
    if (errors[0] === NO_CONNECTION) throw new ToolError(`virsh: ${errors.join(': ')}`);
    // The first only says that the file, ours, was not taken.
    return errors.slice(1).join(': ') || errors[0] || `virsh ended with status ${status}`;
  } finally {
    folder.remove();
  }
}

/** Whether a domain of this name runs, as far as libvirt says. libvirt takes no line break in a name. */
export function isRunning(name: string, connect: string | undefined): boolean {
  try {
    return runningNames(connect).includes(name);
  } catch (error) {
    if (error instanceof ToolError) return false;
    throw error;
  }
}

export const WAITS = 'It runs: the change waits for its next start.';
