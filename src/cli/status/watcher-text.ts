import { wrap } from '../../report/text-columns.js';
import { readWatcherStatus } from '../../watch/status-file.js';
import { watcherLine } from '../../watch/status-line.js';
import type { Io } from '../io.js';

/** What is to be said of the watcher of this host, in lines; undefined for who cannot know: its state is for root's eyes. */
export function watcherText(root: string | undefined, io: Io): string | undefined {
  return root === undefined && io.userId() !== 0 ? undefined : watcherLine(readWatcherStatus(root));
}

/** The same for a terminal, each line ended; nothing where nothing can be said. */
export function watcherLines(root: string | undefined, width: number, io: Io): string {
  const lines = watcherText(root, io)
    ?.split('\n')
    .flatMap((line) => {
      const [indent = ''] = /^ */.exec(line) ?? [];
      return wrap(line.slice(indent.length), width - 2).map(
        (part, index) => `${indent || (index > 0 ? '  ' : '')}${part}\n`,
      );
    });
  return lines?.join('') ?? '';
}
