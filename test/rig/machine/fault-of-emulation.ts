/**
 * A kernel that patches its own code (a static key, a trace event) writes a breakpoint there first, and takes it back
 * when all CPUs know (text_poke_bp_batch in arch/x86/kernel/alternative.c). QEMU 7.2, of which each CPU is a thread,
 * may translate the breakpoint just as it goes, keep that, and run it later: the kernel, which knows of none there any
 * more, panics. No program inside can do that, nor help it.
 * @param console of a host that has ended
 * @returns where it happened, if it did
 */
export function staleBreakpoint(console: string): string | undefined {
  const oops =
    /\bint3: 0000 \[#1\](?:(?!\[#2\]).)*?\bRIP: 0010:(\S+).*\bKernel panic - not syncing: Fatal exception/s.exec(
      console,
    );
  return oops ? `QEMU ran a breakpoint that the kernel had taken back, at ${oops[1]}` : undefined;
}

/**
 * A timer of an emulated CPU does not fire any more: the kernel sees for 21 seconds that its own thread was to be woken
 * up and was not, while QEMU is idle (seen with QEMU 7.2 on a quiet machine). No program inside can do that.
 * @param console of a host that may still run
 * @returns on which CPU, if it happened
 */
export function lostTimer(console: string): string | undefined {
  const stall =
    /rcu_preempt kthread timer wakeup didn't happen for \d+ jiffies![^\n]*\n[^\n]*Possible timer handling issue on cpu=(\d+)/.exec(
      console,
    );
  return stall ? `a timer of QEMU's CPU ${stall[1]} does not fire any more` : undefined;
}
