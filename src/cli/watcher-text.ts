import { readWatcherStatus } from '../watch/watch-file.js';
import { watcherLine } from '../watch/watcher-line.js';
import type { Io } from './io.js';

/** What is to be said of the watcher of this host, in lines; undefined for who cannot know: its state is for root's eyes. */
export function watcherText(root: string | undefined, io: Io): string | undefined {
  return root === undefined && io.userId() !== 0 ? undefined : watcherLine(readWatcherStatus(root));
}
