/**
 * A kernel that patches its own code (a static key, a trace event) first writes a breakpoint there, and removes it when
 * all CPUs know (text_poke_bp_batch in arch/x86/kernel/alternative.c). QEMU 7.2, which runs each CPU in a thread, may
 * translate the breakpoint while it is removed, cache that, and run it later: the kernel panics at an unknown
 * breakpoint. No program on the host can cause or prevent this.
 * @param console of a host that has ended
 * @returns the address, if this happened
 */
export function staleBreakpoint(console: string): string | undefined {
  const oops =
    /\bint3: 0000 \[#1\](?:(?!\[#2\]).)*?\bRIP: 0010:(\S+).*\bKernel panic - not syncing: Fatal exception/s.exec(
      console,
    );
  return oops ? `QEMU ran a breakpoint that the kernel had taken back, at ${oops[1]}` : undefined;
}

/**
 * A timer of an emulated CPU stops firing: the kernel reports for 21 seconds that its own thread was not woken up,
 * while QEMU is idle (seen with QEMU 7.2 on an idle machine). No program on the host can cause this.
 * @param console of a host that may still run
 * @returns the CPU, if this happened
 */
export function lostTimer(console: string): string | undefined {
  const stall =
    /rcu_preempt kthread timer wakeup didn't happen for \d+ jiffies![^\n]*\n[^\n]*Possible timer handling issue on cpu=(\d+)/.exec(
      console,
    );
  return stall ? `a timer of QEMU's CPU ${stall[1]} does not fire any more` : undefined;
}
