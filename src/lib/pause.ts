const neverNotified = new Int32Array(new SharedArrayBuffer(4));

/** Blocks the thread. */
export function pause(milliseconds: number): void {
  Atomics.wait(neverNotified, 0, 0, milliseconds);
}
