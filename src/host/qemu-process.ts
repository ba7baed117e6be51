import type { PciAddress } from '../domain/address.js';
import { canonicalUuid } from '../domain/uuid.js';
import type { ProcessId } from './process-id.js';
import type { ProcessOwner } from './process-owner.js';
import type { PseudoFs } from './pseudo-fs.js';

/** A QEMU that has VFIO devices open, found in /proc. */
export interface QemuProcess {
  id: ProcessId;
  /** as its command line says, which is read of root's and libvirt's alone; undefined: it does not */
  name: string | undefined;
  uuid: string | undefined;
  /** libvirt of this host has a pid file of it: then it is libvirt's, whoever runs it */
  isOfLibvirt: boolean;
  owner: ProcessOwner;
  /** its pid in the innermost pid namespace, as a libvirt there knows it */
  innerPid: number;
  devices: readonly PciAddress[];
}

/** Names of QEMU's program in distributions; NixOS wraps it. A program that was updated is deleted. */
const PROGRAM = /\/(?:\.?qemu-system-[^/]+|qemu-kvm|qemu|kvm)(?: \(deleted\))?$/;

/** Whether a process runs QEMU, by its program. @throws FileError */
export function isQemu(files: PseudoFs, pid: number): boolean {
  return PROGRAM.test(files.linkTarget(`/proc/${pid}/exe`) ?? '');
}

/** What QEMU's command line says of the guest. QEMU doubles a comma within an option's value. */
export function guestOf(commandLine: string): { name: string | undefined; uuid: string | undefined } {
  const words = commandLine.split('\0');
  const valueAfter = (option: string) => {
    const at = words.findIndex((word) => word === `-${option}` || word === `--${option}`);
    return at < 0 ? undefined : words[at + 1];
  };
  // no word of a command line contains a NUL
  const options = (valueAfter('name') ?? '').replaceAll(',,', '\0').split(',');
  const named = options.find((option) => option.startsWith('guest='))?.slice('guest='.length);
  // the name may stand first, without its key
  const first = options[0]?.includes('=') ? undefined : options[0];
  const name = (named ?? first ?? '').replaceAll('\0', ',');
  return { name: isName(name) ? name : undefined, uuid: canonicalUuid(valueAfter('uuid') ?? '') };
}

/** A name becomes a part of a file's name: no longer than that may be, and of one part. */
const MAX_NAME_BYTES = 250;

export function isName(name: string): boolean {
  return name !== '' && !/[/\0\n]/.test(name) && !/^\.\.?$/.test(name) && Buffer.byteLength(name) <= MAX_NAME_BYTES;
}

/** The pid in the innermost namespace: the last number of NSpid, which kernels since 4.1 print. */
export function innerPidOf(status: string, pid: number): number {
  return Number(/^NSpid:.*?(\d+)\s*$/m.exec(status)?.[1] ?? pid);
}
