import { geteuid } from 'node:process';
import type { OpenFolder } from './open-folder.js';
import { walk } from './walk.js';

/** Where a path leads to. The caller closes the folder. */
export interface TrustedPath {
  folder: OpenFolder;
  name: string;
  /**
   * Whose links may have been followed: root's, this user's, and the owner's of what they lead to, for that user could
   * have changed it anyway.
   * @param uid of what is there
   * @throws Error in words for a link of anybody else
   */
  checkLinks(uid: number): void;
}

/** Follows a path as the kernel does, and records whose links it went through. @throws as walk() */
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
