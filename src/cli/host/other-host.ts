import { hostname } from 'node:os';
import { ToolError } from '../../lib/errors.js';
import { printable } from '../../lib/printable.js';
import { Virsh } from '../../libvirt/virsh.js';
import type { Io } from '../io.js';
import type { DomainOptions } from './domain-source.js';

const OWN_NAMES = ['', 'localhost', '127.0.0.1', '[::1]'];
/** libvirt.conf, uri_aliases. */
const ALIAS = /^[A-Za-z0-9_-]+$/;

/**
 * Refuses another host's libvirt: its domains would be reported with this host's /proc and /sys. With --root, the user
 * says where those of that host are.
 * @throws ToolError
 */
export function assertOwnDomains(options: DomainOptions, { env }: Pick<Io, 'env'>): void {
  const { paths, domains, discover, connect, root } = options;
  const isAsked = domains.length > 0 || (paths.length === 0 && (discover?.includes('libvirt') ?? true));
  const given = connect || env.VIRSH_DEFAULT_CONNECT_URI || env.LIBVIRT_DEFAULT_URI;
  if (!isAsked || root !== undefined || !given) return;
  const uri = ALIAS.test(given) ? new Virsh({ uri: connect, env }).uriSync() : given;
  if (!isOfOtherHost(uri)) return;
  const text = `${printable(uri)} is the libvirt of another host, whose interrupts cannot be seen from here`;
  throw new ToolError(`${text}: run hostdev-cpuset there, and merge the output of status --json with report`);
}

function isOfOtherHost(uri: string): boolean {
  const [, authority = ''] = /^[a-z][a-z0-9+.-]*:\/\/([^/?#]*)/i.exec(uri) ?? [];
  const host = authority.replace(/^.*@/, '').replace(/:\d*$/, '').toLowerCase();
  return !OWN_NAMES.includes(host) && host !== hostname().toLowerCase();
}
