/**
 * Names a vector in a state. A vector that was freed, and its successor with the same number, have the same key: see
 * continuity.ts.
 */
export function vectorKey(address: string, irq: number, handler: string): string {
  return `${irq} ${handler} ${address}`;
}

/** The device in a key. */
export function addressOf(key: string): string {
  return key.slice(key.lastIndexOf(' ') + 1);
}

/** The IRQ in a key. */
export function irqOf(key: string): number {
  return Number.parseInt(key, 10);
}

/** The handler in a key. */
export function handlerOf(key: string): string {
  return key.slice(key.indexOf(' ') + 1, key.lastIndexOf(' '));
}
