/**
 * What a trace event says of the posting of an IRQ. `apicId`: of the vCPU that it is posted to. moved: it got another
 * vector, so that what was known of it may be over. lost: so may what was known of any.
 */
export type PostingEvent =
  | { kind: 'posted'; irq: number; apicId: number }
  | { kind: 'remapped' | 'moved'; irq: number }
  | { kind: 'lost' };

/**
 * kvm_pi_irte_update (kernel: arch/x86/kvm/trace.h): with `VT-d` until 6.9, and with the address of a descriptor at its
 * end until 6.16. Older kernels than 4.20 do not name the IRQ: they do not match.
 */
const UPDATE =
  String.raw` \d+\.\d+: kvm_pi_irte_update: (?:VT-d )?PI is (enabled and being updated|disabled) for irq (\d{1,9}), ` +
  String.raw`vcpu (-?\d{1,9}),`;
const MOVED = String.raw` \d+\.\d+: vector_alloc: irq=(\d{1,9})\b`;
const LOST = String.raw`^CPU:\d+ \[(LOST) \d+ EVENTS\]`;
const LINE = new RegExp(`${UPDATE}|${MOVED}|${LOST}`, 'gm');

/** Lines of trace_pipe, in their order; empty if none is about posting. */
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
