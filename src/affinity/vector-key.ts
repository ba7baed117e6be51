/** One vector, as long as it lives: the number alone may be another device's a moment later. */
export function vectorKey(address: string, irq: number, handler: string): string {
  return `${irq} ${handler} ${address}`;
}

/** The device in a key. */
export function addressOf(key: string): string {
  return key.slice(key.lastIndexOf(' ') + 1);
}

/** CPU lists that we wrote, by vector: what was written once and still holds is not written again. */
export type Written = ReadonlyMap<string, string>;
