import type { KnownPosting, PostingOf } from '../host/posted-vectors.js';
import { InstanceLock } from './instance-lock.js';
import { RuntimeFile } from './runtime-file.js';

/** The posting of an interrupt, as known to the watcher. */
export interface PublishedPosting extends KnownPosting {
  /** name */
  domain: string;
  /** PCI address of its device */
  address: string;
  irq: number;
  /** another vector may have the number by now */
  handler: string;
}

interface PostingStatus {
  /** of the watcher */
  pid: number;
  interrupts: PublishedPosting[];
}

const fileOf = (root: string) => new RuntimeFile(root, 'posting.json');

/** @throws FileError if /run cannot be written */
export function writePostingStatus(root: string, status: PostingStatus): void {
  if (status.interrupts.length === 0) fileOf(root).remove();
  else fileOf(root).write(`${JSON.stringify(status)}\n`);
}

export function removePostingStatus(root: string): void {
  fileOf(root).remove();
}

/**
 * The posting that a running watcher knows; empty for any user but root. The file of a watcher that was killed is
 * ignored.
 */
export function readPostingStatus(root = ''): PostingOf {
  const pid = new InstanceLock(root).holder();
  const known = new Map(pid === undefined ? [] : interruptsOf(root, pid).map((one) => [one.irq, one]));
  return (irq, handlers) => {
    const found = known.get(irq);
    return found && handlers.length === 1 && handlers[0] === found.handler ? found : undefined;
  };
}

function interruptsOf(root: string, pid: number): PublishedPosting[] {
  try {
    const status = JSON.parse(fileOf(root).read() ?? '') as PostingStatus;
    return status.pid === pid && Array.isArray(status.interrupts) ? status.interrupts.filter(isPosting) : [];
  } catch {
    return [];
  }
}

function isPosting(value: unknown): value is PublishedPosting {
  const { irq, handler, isPosted } = (value ?? {}) as Partial<PublishedPosting>;
  return Number.isSafeInteger(irq) && typeof handler === 'string' && typeof isPosted === 'boolean';
}
