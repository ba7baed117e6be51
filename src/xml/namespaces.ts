import type { SaxesTagNS } from 'saxes';

/** A colon in a possible name of an element, attribute, instruction or entity. */
const COLON_IN_NAME = /:(?<=[<&?/\s][^:<>"'=&;?/\s]*:)/;

/** A valid first character of a name (XML 1.0, production 4, without the colon). */
const NAME_START =
  /^[A-Z_a-z\xc0-\xd6\xd8-\xf6\xf8-\u02ff\u0370-\u037d\u037f-\u1fff\u200c-\u200d\u2070-\u218f\u2c00-\u2fef\u3001-\ud7ff\uf900-\ufdcf\ufdf0-\ufffd\u{10000}-\u{effff}]/u;

/**
 * False if a document certainly has no namespaces, as most documents. Processing them takes a third of the parser's
 * time.
 */
export function mayUseNamespaces(text: string): boolean {
  return text.includes('xmlns') || COLON_IN_NAME.test(text);
}

/** A name as saxes reports it; split into parts if it processes namespaces. */
export interface SaxesName {
  name: string;
  local?: string;
  prefix?: string;
}

/** True for a declaration whose namespace name saxes changes: it removes white space at the ends. */
export function isTrimmed({ name, value }: { name: string; value: string }): boolean {
  return name.startsWith('xmlns') && (name.length === 5 || name[5] === ':') && value !== value.trim();
}

/**
 * Corrects the namespaces of a tag with a declaration that saxes has trimmed, and those of the tag's content. To
 * libxml2, and so to libvirt, ` urn:x` is another namespace than `urn:x`.
 */
export function restoreTrimmed(tag: SaxesTagNS): void {
  const attributes = Object.values(tag.attributes);
  for (const attribute of attributes) {
    const { name, local, value } = attribute;
    if (isTrimmed(attribute)) tag.ns[name === 'xmlns' ? '' : local] = value;
  }
  tag.uri = tag.ns[tag.prefix] ?? tag.uri;
  // an attribute without a prefix is in no namespace
  for (const attribute of attributes) {
    const { prefix, uri } = attribute;
    if (prefix !== '' && prefix !== 'xmlns') attribute.uri = tag.ns[prefix] ?? uri;
  }
}

/** True for a valid name in a document with namespaces. saxes also accepts some invalid ones. */
export function isQualifiedName({ local = '', prefix = '' }: SaxesName): boolean {
  return prefix === '' || NAME_START.test(local);
}

/** Prefixes in libvirt's documentation that belong to namespaces of libvirt. */
const LIBVIRT_PREFIXES: readonly string[] = ['qemu', 'lxc', 'xen', 'bhyve', 'vmware'];

/** The namespace of a prefix in libvirt's documentation. */
export function libvirtNamespace(prefix: string): string | undefined {
  return LIBVIRT_PREFIXES.includes(prefix) ? `http://libvirt.org/schemas/domain/${prefix}/1.0` : undefined;
}
