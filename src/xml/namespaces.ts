/** A colon in what may be a name: of an element, an attribute, an instruction or an entity. */
const COLON_IN_NAME = /:(?<=[<&?/\s][^:<>"'=&;?/\s]*:)/;

/** A name that begins as names do (XML 1.0, production 4, without the colon). */
const NAME_START =
  /^[A-Z_a-z\xc0-\xd6\xd8-\xf6\xf8-\u02ff\u0370-\u037d\u037f-\u1fff\u200c-\u200d\u2070-\u218f\u2c00-\u2fef\u3001-\ud7ff\uf900-\ufdcf\ufdf0-\ufffd\u{10000}-\u{effff}]/u;

/** Whether namespaces can make any difference to a document. Most have none, and to look after them takes the parser a third of its time. */
export function mayUseNamespaces(text: string): boolean {
  return text.includes('xmlns') || COLON_IN_NAME.test(text);
}

/** A name as saxes reads it; in parts where it looks after namespaces. */
export interface Named {
  name: string;
  local?: string;
  prefix?: string;
}

/** Where namespaces are used: saxes lets names pass that are not of XML with namespaces. */
export function isQualified({ local = '', prefix = '' }: Named): boolean {
  return prefix === '' || NAME_START.test(local);
}
