import { readFileSync } from 'node:fs';
import { SourceMap } from 'node:module';
import { dirname, resolve } from 'node:path';

/** Replaces places in compiled code (/path/a.js:3:14), as in the stack of an error, with places in its source. */
export function sourcePlaces(text, compiledFolder) {
  return text.replace(/(\/[^\s()]+\.js):(\d+)(?::(\d+))?/g, (place, path, line, column = 1) => {
    if (!path.startsWith(`${compiledFolder}/`)) return place;
    const map = new SourceMap(JSON.parse(readFileSync(`${path}.map`, 'utf8')));
    const { originalSource, originalLine, originalColumn } = map.findEntry(line - 1, column - 1);
    if (originalSource === undefined) return place;
    return `${resolve(dirname(path), originalSource)}:${originalLine + 1}:${originalColumn + 1}`;
  });
}
