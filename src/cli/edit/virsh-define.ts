import { closeSync } from 'node:fs';
import { ToolError } from '../../lib/errors.js';
import type { MetadataScope, Virsh, VirshOutcome } from '../../libvirt/virsh.js';
import { errorsIn } from '../../libvirt/virsh-process.js';
import { openNameless } from '../files/temp-dir.js';

/** virsh's message if libvirt cannot be reached: the definition is not the cause. */
const NO_CONNECTION = 'failed to connect to the hypervisor';

/**
 * Defines a domain with `virsh define`, from a temporary file: virsh cannot read one of Node's pipes. The caller
 * handles signals, and then closes `virsh`.
 * @param validate libvirt first checks the XML against its own schema
 * @returns why libvirt refuses it; undefined if it was defined
 * @throws ToolError if virsh cannot be run, or libvirt cannot be reached
 */
export async function defineWithVirsh(xml: string, virsh: Virsh, validate: boolean): Promise<string | undefined> {
  const file = openNameless(xml);
  try {
    const args = ['define', ...(validate ? ['--validate'] : []), '--file=/dev/fd/3'];
    return refusalOf(await virsh.runOnTerminal(args, file));
  } finally {
    closeSync(file);
  }
}

/**
 * Attaches a device with `virsh attach-device` in the same way.
 * @param scopes at least one
 */
export async function attachWithVirsh(
  xml: string,
  domain: string,
  scopes: readonly MetadataScope[],
  virsh: Virsh,
): Promise<string | undefined> {
  const file = openNameless(xml);
  try {
    const flags = scopes.map((scope) => `--${scope}`);
    return refusalOf(
      await virsh.runOnTerminal(['attach-device', `--domain=${domain}`, '--file=/dev/fd/3', ...flags], file),
    );
  } finally {
    closeSync(file);
  }
}

function refusalOf({ status, stderr }: VirshOutcome): string | undefined {
  if (status === 0) return undefined;
  const errors = errorsIn(stderr);
  if (errors[0] === NO_CONNECTION) throw new ToolError(`virsh: ${errors.join(': ')}`);
  // the first line only names our temporary file
  return errors.slice(1).join(': ') || errors[0] || `virsh: exit status ${status}`;
}

/** Whether a domain with this name runs; false if that is unknown. libvirt allows no line break in a name. */
export function isRunning(name: string, virsh: Virsh): boolean {
  try {
    return virsh.listRunningSync('name').includes(name);
  } catch (error) {
    if (error instanceof ToolError) return false;
    throw error;
  }
}

export const RUNNING_NOTE = 'The domain is running; the change takes effect at its next start.';
