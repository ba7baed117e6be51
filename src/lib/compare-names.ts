let collator: Intl.Collator | undefined;

/** `vnf-2` comes before `vnf-10`. The collator is made once: localeCompare() would make one for each comparison. */
export function compareNames(a: string, b: string): number {
  collator ??= new Intl.Collator('en', { numeric: true });
  return collator.compare(a, b);
}
