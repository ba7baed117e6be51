/** A place in a document that does not match the schema. Offsets are UTF-16, as in src/xml/. */
export interface SchemaFault {
  kind: 'attribute' | 'value' | 'element' | 'text' | 'missing' | 'order';
  start: number;
  end: number;
  /**
   * the invalid element; for `attribute` and `value` the one that has it, for `missing` the one that lacks something
   */
  element: string;
  parent?: string;
  /**
   * the invalid attribute; what is missing (`@name` for an attribute, else a tag); the tag after which the element is
   * allowed
   */
  name?: string;
  value?: string;
  /** values that the schema was tested to accept instead */
  accepted?: string[];
  /** the schema allows such an element there, so its number, its content or its attributes are wrong */
  known?: boolean;
  /** there is such an element before it */
  repeated?: boolean;
}

const MAX_LISTED_VALUES = 8;
const MAX_SHOWN_LENGTH = 60;

/** The message, in one line. */
export function describeFault(fault: SchemaFault): string {
  const { kind, value } = fault;
  const element = shortened(fault.element);
  const name = fault.name === undefined ? undefined : shortened(fault.name);
  switch (kind) {
    case 'attribute':
      if (fault.known) return `${name}="${shortened(value)}" is not allowed on this <${element}>`;
      return `attribute ${name} is not allowed on <${element}>`;
    case 'value':
      return `${name}="${shortened(value)}" is not allowed on <${element}>${listed(fault.accepted)}`;
    case 'text':
      if (fault.accepted === undefined) return `text "${shortened(value)}" is not allowed in <${element}>`;
      return `"${shortened(value)}" is not allowed as the content of <${element}>${listed(fault.accepted)}`;
    case 'missing':
      return `<${element}> lacks ${missing(name)}`;
    case 'order':
      return `<${element}> is in the wrong place: it must come ${name === undefined ? 'first' : `after <${name}>`}`;
    case 'element':
      return describeElement(fault, element);
  }
}

function describeElement(fault: SchemaFault, element: string): string {
  const { known, repeated } = fault;
  if (fault.parent === undefined) {
    if (known) return `<${element}> does not match the schema`;
    return element === 'domain' ? '<domain> must be in no namespace' : `expected <domain>, found <${element}>`;
  }
  const parent = shortened(fault.parent);
  if (repeated) return `a second <${element}> is not allowed in <${parent}>`;
  if (known) return `this <${element}> in <${parent}> does not match the schema`;
  return `<${element}> is not allowed in <${parent}>`;
}

function missing(name: string | undefined): string {
  if (name === undefined) return 'something that the schema requires';
  return name.startsWith('@') ? `the attribute ${name.slice(1)}` : `<${name}>`;
}

function listed(values: readonly string[] | undefined): string {
  if (values === undefined || values.length === 0) return '';
  const shown = values.slice(0, MAX_LISTED_VALUES).map(shortened).join(', ');
  return `; allowed: ${shown}${values.length > MAX_LISTED_VALUES ? ', ...' : ''}`;
}

function shortened(value = ''): string {
  const line = value.replace(/\s+/g, ' ');
  return line.length > MAX_SHOWN_LENGTH ? `${line.slice(0, MAX_SHOWN_LENGTH)}...` : line;
}
