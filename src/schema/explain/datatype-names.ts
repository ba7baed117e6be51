import { conjunction } from './wording.js';

/** A `<param>` of a datatype. */
export interface Parameter {
  name: string;
  value: string;
}

/** The datatypes of libvirt's schemas and ours, by the name of their definition. */
const NAMES: Readonly<Record<string, string>> = {
  UUID: 'a UUID',
  absDirPath: 'an absolute path',
  absFilePath: 'an absolute path',
  aliasName: 'a name of letters, digits, _ and -',
  addrIP: 'an IP address',
  addrIPorName: 'an IP address or a host name',
  countCPU: 'a number of vCPUs from 1',
  cpuset: 'a CPU set such as 0-3,^2',
  deviceName: 'a device name',
  dirPath: 'a path',
  dnsName: 'a host name',
  filePath: 'a path',
  genericName: 'a name of letters, digits, _, + and -',
  hexuint: 'a hexadecimal number',
  hostdevControlVectors: 'a whole number from 0 to 2047',
  hostdevCpuset: 'a CPU set such as 0-3,^2',
  hostdevVcpus: 'vCPU numbers such as 0-3,^2',
  ipAddr: 'an IP address',
  ipPrefix: 'a prefix length',
  ipv4Addr: 'an IPv4 address',
  ipv4Prefix: 'a prefix length of 0 to 32',
  ipv6Addr: 'an IPv6 address',
  ipv6Prefix: 'a prefix length of 0 to 128',
  macAddr: 'a MAC address',
  memoryKB: 'a whole number',
  multiMacAddr: 'a multicast MAC address',
  numaDistanceValue: 'a number from 10 to 255',
  octalMode: 'an octal file mode',
  pciFunc: 'a PCI function of 0 to 7',
  pciSlot: 'a PCI slot of 0x00 to 0x1f',
  PortNumber: 'a port number',
  positiveInteger: 'a whole number from 1',
  uint8: 'a number up to 0xff',
  uint16: 'a number up to 0xffff',
  uint24: 'a number up to 0xffffff',
  uint32: 'a number up to 0xffffffff',
  uniMacAddr: 'a unicast MAC address',
  unit: 'a unit such as KiB',
  unsignedInt: 'a whole number',
  unsignedLong: 'a whole number',
  usbId: 'a USB ID such as 0x046d',
  usbPort: 'a USB port such as 1.2',
  vcpuid: 'the number of a vCPU',
  volName: 'a file name',
};

const LONGEST_PATTERN = 30;

/** A description of a datatype: `a CPU set such as 0-3,^2`; its pattern if it has no description. */
export function describeDatatype(type: string, parameters: readonly Parameter[], definition: string): string {
  const known = NAMES[definition];
  if (known !== undefined) return known;
  const value = (name: string) => parameters.find((each) => each.name === name)?.value;
  const pattern = value('pattern');
  if (/^(?:un|non|pos|neg)|^(?:integer|long|int|short|byte)$/i.test(type) && type !== 'normalizedString') {
    return numberBetween(value('minInclusive') ?? (/^positive/.test(type) ? '1' : undefined), value('maxInclusive'));
  }
  if (pattern === '[^\\n]+') return 'a text of one line';
  const characters = pattern === undefined ? undefined : charactersOf(pattern);
  if (characters !== undefined) return `a text of ${characters}`;
  if (pattern !== undefined && pattern.length <= LONGEST_PATTERN) return `a text of the form ${pattern}`;
  return OTHER_TYPES[type] ?? 'a text of another form';
}

const OTHER_TYPES: Readonly<Record<string, string>> = {
  anyURI: 'a URI',
  dateTime: 'a date and time such as 2030-01-31T12:00:00',
  double: 'a number',
  NCName: 'a name without a colon',
};

/** An escaped letter stands for several characters, and is not matched. */
const ONE_CLASS = /^\[((?:\\[^a-z]|[^\]\\[^])+)\](?:[+*]|\{(\d+)(?:,(\d+))?\})$/;
const PART_OF_CLASS = /\\.|.-[^\\]|./gs;
const RANGES: Readonly<Record<string, string>> = { 'A-Z': 'capital letters', 'a-z': 'small letters', '0-9': 'digits' };

/**
 * `letters, digits, _ and spaces` for a pattern of one class of characters; undefined for another pattern, or a class
 * with other ranges.
 */
function charactersOf(pattern: string): string | undefined {
  const [, characters, least, most] = ONE_CLASS.exec(pattern) ?? [];
  const parts: readonly string[] = characters?.match(PART_OF_CLASS) ?? [];
  const ranges = parts.filter((part) => part.length === 3);
  if (parts.length === 0 || ranges.some((range) => !RANGES[range])) return undefined;
  const named = [...new Set(ranges)].map((range) => RANGES[range] as string);
  const letters = named.filter((name) => name.endsWith('letters'));
  const words = [
    ...(letters.length === 2 ? ['letters'] : letters),
    ...named.filter((name) => !letters.includes(name)),
    ...parts.filter((part) => part.length < 3 && part !== ' ').map((part) => part.at(-1) as string),
    ...(parts.includes(' ') ? ['spaces'] : []),
  ];
  const count = least === undefined ? '' : most === undefined || most === least ? `${least} ` : `${least} to ${most} `;
  return count + conjunction(words, 'and');
}

function numberBetween(min: string | undefined, max: string | undefined): string {
  if (min !== undefined && max !== undefined) return `a whole number from ${min} to ${max}`;
  if (min !== undefined) return `a whole number from ${min}`;
  return max === undefined ? 'a whole number' : `a whole number up to ${max}`;
}
