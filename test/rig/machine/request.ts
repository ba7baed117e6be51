import { parseArgs } from 'node:util';
import { sceneTitles } from './bundle.js';
import { kernelPackages } from './kernel-packages.js';

/** What is to be played. */
export interface Request {
  /** a regular expression for the titles of the scenes wanted */
  pattern: string;
  /** such as 6.1, for one kernel alone; '' for all */
  series: string;
}

/** Something was asked for that cannot be had; the message is a line for whoever did. */
export class RequestError extends Error {}

/** @throws RequestError */
export function requestOf(words: readonly string[]): Request {
  const options = { kernel: { type: 'string' } } as const;
  const unknown = words.find((word) => word.startsWith('-') && !/^--kernel(?:=|$)/.test(word));
  if (unknown !== undefined) throw new RequestError(`${unknown}: the only option is --kernel=SERIES`);
  let request: Request;
  try {
    const { values, positionals } = parseArgs({ args: [...words], options, allowPositionals: true });
    if (values.kernel === '') throw new Error('--kernel: of which series?');
    request = { pattern: positionals.join(' '), series: values.kernel ?? '' };
    titleOf(request);
  } catch (error) {
    throw new RequestError((error as Error).message); // Node says what is wrong
  }
  if (!playsSome(request)) throw new RequestError(`no scene has a title that matches ${titleOf(request)}`);
  return request;
}

/** A kernel to boot. */
export interface Boot {
  /** its package */
  name: string;
  /** all scenes are played, not only those for every kernel */
  all: boolean;
}

/** Those where something is to be played. @throws RequestError */
export async function bootsOf(request: Request): Promise<Boot[]> {
  const { series } = request;
  const packages = (await kernelPackages()).filter(
    (name) => series === '' || name.startsWith(`linux-image-${series}.`),
  );
  if (packages.length === 0) throw new RequestError(`no kernel of the series ${series} can be had here`);
  return packages.map((name, index) => ({ name, all: index === 0 })).filter(({ all }) => playsSome(request, all));
}

const titleOf = ({ pattern }: Request) => new RegExp(pattern, 'i');
const playsSome = (request: Request, all = true) => sceneTitles(all).some((title) => titleOf(request).test(title));
