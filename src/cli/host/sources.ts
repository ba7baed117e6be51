import type { Settings } from '../../affinity/settings.js';
import { type Found, findGuests } from '../../discovery/find-guests.js';
import type { PseudoFs } from '../../host/pseudo-fs.js';
import { ToolError } from '../../lib/errors.js';
import { printable } from '../../lib/printable.js';
import type { Discovery } from '../discovery-names.js';
import { errorLine, type Io } from '../io.js';
import { type DomainOptions, namedSources, runningSources, type Source } from './domain-source.js';
import type { CommandHost } from './open-host.js';

export interface Sources {
  sources: Source[];
  /** a line for people if guests may be missing; else empty */
  complaint: string;
}

/** The files and domains that were named, else all running domains: of libvirt, and those that are found in /proc. */
export function sourcesOf(
  options: DomainOptions,
  discover: readonly Discovery[],
  { files, scopes }: CommandHost,
  io: Io,
): Sources {
  const { paths, domains } = options;
  const isAll = paths.length + domains.length === 0;
  const usesLibvirt = discover.includes('libvirt');
  // names are libvirt's, unless the command line says where to look
  const mayBeFound = discover.includes('proc') && (isAll || options.discover !== undefined);
  const { guests, complaint } = mayBeFound ? findInProc(files, scopes) : NONE_FOUND;
  // those that libvirt knows come from libvirt
  const others = guests.filter(({ qemu }) => !usesLibvirt || !qemu.isOfLibvirt);
  if (isAll) {
    const running = usesLibvirt ? runningSources(options, io) : [];
    return { sources: [...running, ...others.map(foundSource)], complaint };
  }
  const found = domains.flatMap((word) => others.filter((guest) => isCalled(guest, word)));
  const isOfLibvirt = (word: string) => {
    const called = guests.filter((guest) => isCalled(guest, word));
    return called.length === 0 || called.some((guest) => !others.includes(guest));
  };
  const rest = domains.filter(isOfLibvirt);
  if (!usesLibvirt && rest.length > 0)
    throw new ToolError(printable(`no QEMU with a VFIO device is called ${rest[0]}${complaint && UNREADABLE}`));
  const named = namedSources({ ...options, domains: rest }, io);
  return { sources: [...named, ...found.map(foundSource)], complaint };
}

/** Guests that were found in /proc. */
interface FoundGuests {
  guests: Found[];
  /** a line for people if not every process could be read; else empty */
  complaint: string;
}

/** Added to an error: the guest may be one of these. */
const UNREADABLE = '; not every process can be read';

const NONE_FOUND: FoundGuests = { guests: [], complaint: '' };

/** @throws FileError if /proc cannot be listed */
function findInProc(files: PseudoFs, scopes: Settings['scopes']): FoundGuests {
  const { guests, unreadable } = findGuests(files, scopes);
  const complaint = unreadable
    ? errorLine('note', `not every process can be read (${unreadable.message}): guests may be missing`)
    : '';
  return { guests, complaint };
}

function foundSource({ definition }: Found): Source {
  const { hasMetadata, devices } = definition;
  const statesPolicy = hasMetadata || devices.some(({ policy, isInvalid }) => policy || isInvalid);
  return { name: definition.uuid ?? definition.name, isFound: true, read: () => ({ definition, statesPolicy }) };
}

/** By its name, as it or the report says it, its UUID or its pid. */
function isCalled({ qemu, definition }: Found, word: string): boolean {
  const { statedName, statedUuid } = definition.found ?? {};
  return [statedName, statedUuid, definition.name, `${qemu.id.pid}`].includes(word);
}
