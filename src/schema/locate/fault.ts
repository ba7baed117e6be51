/** A place in a document that the schema does not take. Offsets are UTF-16, as in src/xml/. */
export interface SchemaFault {
  kind: 'attribute' | 'value' | 'element' | 'text' | 'missing' | 'order';
  start: number;
  end: number;
  /** The tag at fault; for `attribute` and `value` the one that has it, for `missing` the one that lacks something. */
  element: string;
  parent?: string;
  /** The attribute at fault; what is missing (`@name` for an attribute, else a tag); after what the element is right. */
  name?: string;
  value?: string;
  /** Values, or places, that the schema was seen to take instead. Never guessed. */
  accepted?: string[];
  /** The element is one that the schema knows there, so it is its repetition or its content that does not fit. */
  known?: boolean;
  /** There is such an element before it. */
  repeated?: boolean;
}

const MOST_LISTED = 8;
const LONGEST_SHOWN = 60;

/** One line for people. */
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
      return `<${element}> is in the wrong place: it goes ${name === undefined ? 'first' : `after <${name}>`}`;
    case 'element':
      return describeElement(fault, element);
  }
}

function describeElement(fault: SchemaFault, element: string): string {
  const { known, repeated } = fault;
  if (fault.parent === undefined) {
    if (known) return `this <${element}> does not fit`;
    return element === 'domain' ? '<domain> must be in no namespace' : `<domain> is wanted here, not <${element}>`;
  }
  const parent = shortened(fault.parent);
  if (repeated) return `a second <${element}> is not allowed in <${parent}>`;
  if (known) return `this <${element}> does not fit in <${parent}>`;
  return `<${element}> is not allowed in <${parent}>`;
}

function missing(name: string | undefined): string {
  if (name === undefined) return 'something that the schema wants';
  return name.startsWith('@') ? `the attribute ${name.slice(1)}` : `<${name}>`;
}

function listed(values: readonly string[] | undefined): string {
  if (values === undefined || values.length === 0) return '';
  const shown = values.slice(0, MOST_LISTED).map(shortened).join(', ');
  return `; allowed: ${shown}${values.length > MOST_LISTED ? ', ...' : ''}`;
}

function shortened(value = ''): string {
  const line = value.replace(/\s+/g, ' ');
  return line.length > LONGEST_SHOWN ? `${line.slice(0, LONGEST_SHOWN)}...` : line;
}
