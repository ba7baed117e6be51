import { geteuid } from 'node:process';
import type { OpenFolder } from './open-folder.js';
import { walk } from './walk.js';

/** The directory and name that a path leads to. The caller closes the directory. */
export interface TrustedPath {
  folder: OpenFolder;
  name: string;
  /**
   * Throws if a link on the path belongs to an untrusted user. Trusted are root, this user, and the owner of the file,
   * who could change the file anyway.
   * @param uid owner of the file
   * @throws Error with a message
   */
  checkLinks(uid: number): void;
}

/**
 * Follows a path as the kernel does, and records the owner of each link.
 * @throws as walk()
 */
export function openTrustedPath(path: string, followLast = false): TrustedPath {
  const links: { link: string; owner: number }[] = [];
  const walked = walk(path, { followLast, link: (link, owner) => links.push({ link, owner }) });
  const checkLinks = (uid: number) => {
    const trusted = [0, geteuid?.(), uid];
    const foreign = links.find(({ owner }) => !trusted.includes(owner));
    if (foreign)
      throw new Error(`${foreign.link} is a link of another user (uid ${foreign.owner}), and is not followed`);
  };
  return { ...walked, checkLinks };
}
