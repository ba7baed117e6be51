/**
 * A UUID as libvirt prints it, from any form that libvirt accepts (source: its virUUIDParse): upper case, without
 * hyphens, with hyphens or spaces elsewhere. Undefined for any other text.
 */
export function canonicalUuid(text: string): string | undefined {
  if (text.length > 100 || !/^\s*(?:[- ]*[0-9a-f]{2}){16}\s*$/i.test(text)) return undefined;
  const hex = text.replace(/[-\s]/g, '').toLowerCase();
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
