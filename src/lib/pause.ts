const nobody = new Int32Array(new SharedArrayBuffer(4));

/** Waits, the whole process with it. */
export function pause(milliseconds: number): void {
  Atomics.wait(nobody, 0, 0, milliseconds);
}
