import type { KeptInterrupt, Released } from '../affinity/release.js';
import type { KeptReason } from '../affinity/restore-affinity.js';
import { reasonText } from './reason-text.js';

/**
 * Texts about interrupts that may still have our affinity, with the reason: `IRQ 16 of 0000:06:00.0 keeps its affinity:
 * REASON`. One text for all interrupts of a QEMU process that is hidden.
 */
export function releaseTexts({ kept, isStateUnreadable }: Released): string[] {
  const ofState = isStateUnreadable ? ['INTx lines keep their affinity: the state cannot be read'] : [];
  const hidden = new Map<number, number>();
  for (const { reason } of kept)
    if (reason.code === 'qemu-hidden') hidden.set(reason.pid, (hidden.get(reason.pid) ?? 0) + 1);
  const ofHidden = [...hidden].map(([pid, count]) => {
    const subject = count === 1 ? '1 interrupt keeps its' : `${count} interrupts keep their`;
    return `${subject} affinity: ${cause({ code: 'qemu-hidden', pid })}`;
  });
  return [...ofState, ...ofHidden, ...kept.filter(({ reason }) => reason.code !== 'qemu-hidden').map(keptText)];
}

function keptText({ irq, address, reason }: KeptInterrupt): string {
  return `IRQ ${irq}${address === undefined ? '' : ` of ${address}`} keeps its affinity: ${cause(reason)}`;
}

function cause(reason: KeptReason): string {
  switch (reason.code) {
    case 'qemu-hidden':
      return reasonText(reason);
    case 'no-device':
      return `the host has no device ${reason.address}`;
    case 'other-irq':
      return `the irq file of ${reason.address} says ${reason.named}`;
    case 'message-chip':
      return `it is an MSI now (${reason.chip})`;
    case 'message-owner':
      return `it is an MSI of ${reason.device} now`;
    case 'not-level':
      return `it is ${reason.trigger}-triggered, which no INTx line is`;
    case 'other-input':
      return `it is input ${reason.now ?? 'unknown'} now, and was ${reason.before}`;
    case 'disabled':
      return `${reason.address} is disabled: another device may have its IRQ`;
    case 'handlers-changing':
      return 'its handlers are changing';
    case 'device-unknown':
      return 'the state of an older version does not name its device';
    case 'file-error':
      return reason.error.message;
  }
}
