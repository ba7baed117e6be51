/**
 * A trace event about the posting of an IRQ. posted: to the vCPU with this APIC ID; remapped: no longer posted; moved:
 * the IRQ got another CPU vector, so its posting is unknown; lost: events were lost, so the posting of all IRQs is
 * unknown.
 */
export type PostingEvent =
  | { kind: 'posted'; irq: number; apicId: number }
  | { kind: 'remapped' | 'moved'; irq: number }
  | { kind: 'lost' };

/**
 * kvm_pi_irte_update (kernel: arch/x86/kvm/trace.h): with `VT-d` until 6.9, and with the address of a descriptor at the
 * end until 6.16. Kernels before 4.20 do not name the IRQ: their lines do not match.
 */
const UPDATE =
  String.raw` \d+\.\d+: kvm_pi_irte_update: (?:VT-d )?PI is (enabled and being updated|disabled) for irq (\d{1,9}), ` +
  String.raw`vcpu (-?\d{1,9}),`;
const MOVED = String.raw` \d+\.\d+: vector_alloc: irq=(\d{1,9})\b`;
const LOST = String.raw`^CPU:\d+ \[(LOST) \d+ EVENTS\]`;
const LINE = new RegExp(`${UPDATE}|${MOVED}|${LOST}`, 'gm');

/** Parses lines of trace_pipe, in order; empty if none is about posting. */
export function parsePostingEvents(text: string): PostingEvent[] {
  return [...text.matchAll(LINE)].map(([, update, irq, vcpu, moved, lost]): PostingEvent => {
    if (lost) return { kind: 'lost' };
    if (moved !== undefined) return { kind: 'moved', irq: Number(moved) };
    // the kernel's vcpu_id, which QEMU sets to the APIC ID
    return update === 'disabled'
      ? { kind: 'remapped', irq: Number(irq) }
      : { kind: 'posted', irq: Number(irq), apicId: Number(vcpu) };
  });
}
