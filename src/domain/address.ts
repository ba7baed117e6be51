/** A PCI address in canonical form, `0000:06:12.5`. Created only by the functions here. */
export type PciAddress = string & { readonly __brand: 'PciAddress' };

/** The maximum of each field of a PCI address. libvirt accepts domains of 32 bits (VMD and other wide domains). */
const MAX_VALUES = { domain: 0xffffffff, bus: 0xff, slot: 0x1f, function: 7 } as const;
export type AddressField = keyof typeof MAX_VALUES;

export interface AddressProblem {
  field: AddressField;
  message: string;
  hint?: string;
  /** a leading zero makes the number octal, which is rarely intended */
  octal: boolean;
}

export interface ParsedAddress {
  /** undefined if a field is invalid */
  address: PciAddress | undefined;
  problems: AddressProblem[];
}

/** Attributes of an `<address>`, as written. */
export type AddressFields = { readonly [Field in AddressField]?: string | null };

/**
 * Reads the fields of an `<address>`. libvirt parses numbers as strtoul does with base 0: decimal, 0x hex, and OCTAL
 * after a leading zero. An absent field is 0.
 */
export function readAddress(fields: AddressFields): ParsedAddress {
  const problems: AddressProblem[] = [];
  const numbers = {
    domain: readField('domain', fields.domain, problems),
    bus: readField('bus', fields.bus, problems),
    slot: readField('slot', fields.slot, problems),
    function: readField('function', fields.function, problems),
  };
  const readable = problems.every(({ octal }) => octal);
  return { address: readable ? format(numbers) : undefined, problems };
}

function readField(field: AddressField, text: string | null | undefined, problems: AddressProblem[]): number {
  if (text === undefined || text === null) return 0;
  const number = parseNumber(text);
  const isValid = number !== undefined && number <= MAX_VALUES[field] && number === Number(text);
  if (!isValid) problems.push({ field, ...problemOf(field, text, number) });
  return number ?? 0;
}

function problemOf(field: AddressField, text: string, number: number | undefined): Omit<AddressProblem, 'field'> {
  const shown = `${field}="${text.slice(0, 24)}"`;
  if (number === undefined) {
    const hint = suggest(field, text);
    return { octal: false, message: `${shown} is not a number that libvirt accepts`, ...(hint ? { hint } : {}) };
  }
  if (number > MAX_VALUES[field]) {
    return { octal: false, message: `${shown} is above 0x${MAX_VALUES[field].toString(16)}, the maximum` };
  }
  const asRead = `${field}="0x${number.toString(16)}"`;
  const asHexadecimal = suggest(field, text.slice(1));
  const hint = asHexadecimal ? `${asHexadecimal}, else ${asRead}` : asRead;
  return { octal: true, message: `${shown} is octal: libvirt reads 0x${number.toString(16)}`, hint };
}

function parseNumber(text: string): number | undefined {
  if (/^(?:0[xX][0-9a-fA-F]{1,8}|[1-9][0-9]{0,10})$/.test(text)) return Number(text);
  return /^0[0-7]{0,12}$/.test(text) ? Number.parseInt(text, 8) : undefined;
}

/** lspci prints hex without 0x, and users copy that. */
function suggest(field: AddressField, text: string): string | undefined {
  const digits = text.trim().replace(/^0[xX]/, '');
  if (!/^[0-9a-fA-F]{1,8}$/.test(digits) || Number.parseInt(digits, 16) > MAX_VALUES[field]) return undefined;
  return `${field}="0x${digits}" if it is hexadecimal`;
}

function format(n: Record<AddressField, number>): PciAddress {
  const hex = (value: number, width: number) => value.toString(16).padStart(width, '0');
  return `${hex(n.domain, 4)}:${hex(n.bus, 2)}:${hex(n.slot, 2)}.${n.function}` as PciAddress;
}

/** Accepts canonical text only (lower-case hex, as in the names of sysfs directories). */
export function parseAddress(text: string): PciAddress | undefined {
  return /^([0-9a-f]{4}|[1-9a-f][0-9a-f]{4,7}):[0-9a-f]{2}:[01][0-9a-f]\.[0-7]$/.test(text)
    ? (text as PciAddress)
    : undefined;
}
