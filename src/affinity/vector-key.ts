/** Names one vector for as long as it exists: an IRQ number alone may belong to another device a moment later. */
export function vectorKey(address: string, irq: number, handler: string): string {
  return `${irq} ${handler} ${address}`;
}

/** The device in a key. */
export function addressOf(key: string): string {
  return key.slice(key.lastIndexOf(' ') + 1);
}
