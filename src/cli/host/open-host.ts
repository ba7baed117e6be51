import { readSettings } from '../../affinity/read-settings.js';
import type { PassHost } from '../../affinity/reconcile-domain.js';
import type { Settings } from '../../affinity/settings.js';
import type { PostingOf } from '../../host/posted-vectors.js';
import { type Posting, readPosting } from '../../host/posting.js';
import type { PseudoFs } from '../../host/pseudo-fs.js';
import { RealFs } from '../../host/real-fs.js';
import { pause } from '../../lib/pause.js';
import { readPostingStatus } from '../../runtime/posting-status.js';
import { StateStore } from '../../runtime/state-store.js';
import { assertHost } from './assert-host.js';
import type { DomainOptions } from './domain-source.js';

/** What is certain of the host's posting, and what is known of single vectors at this moment. */
export function readPostings(files: PseudoFs, root: string | undefined): { posting: Posting; postingOf: PostingOf } {
  const posting = readPosting(files);
  const postingOf = posting.possible === false ? () => ({ isPosted: false }) : readPostingStatus(root);
  return { posting, postingOf };
}

/** The host that a command works on. */
export interface CommandHost extends PassHost {
  files: RealFs;
  scopes: Settings['scopes'];
}

/** @throws ToolError if there is no host */
export function openHost({ root }: Pick<DomainOptions, 'root'>): CommandHost {
  const files = new RealFs(root);
  assertHost(files, root);
  const { scopes, ...settings } = readSettings(files) ?? {};
  const { postingOf } = readPostings(files, root);
  return { files, state: new StateStore(root), settings, scopes, pause, onlyRunning: true, postingOf };
}
