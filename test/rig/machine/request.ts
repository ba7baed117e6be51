import { parseArgs } from 'node:util';
import { ARCHITECTURES, type Architecture } from './architecture.js';
import { sceneTitles } from './bundle.js';
import { kernelPackages } from './kernel-packages.js';

/** The scenes and kernels to run. */
export interface Request {
  /** a regular expression for titles */
  pattern: string;
  /** a series such as 6.1, or '' for all kernels */
  series: string;
  /** no scene is shortened */
  fullLength: boolean;
  /** of the emulated host */
  architecture: Architecture;
}

/** An invalid request; the message is one line for the user. */
export class RequestError extends Error {}

/** @throws RequestError */
export function requestOf(words: readonly string[]): Request {
  const options = { arch: { type: 'string' }, kernel: { type: 'string' }, 'full-length': { type: 'boolean' } } as const;
  const unknown = words.find(
    (word) => word.startsWith('-') && !/^--(?:(?:arch|kernel)(?:=|$)|full-length$)/.test(word),
  );
  if (unknown !== undefined)
    throw new RequestError(`${unknown}: the options are --arch=NAME, --kernel=SERIES and --full-length`);
  let request: Request;
  try {
    const { values, positionals } = parseArgs({ args: [...words], options, allowPositionals: true });
    if (values.kernel === '') throw new Error('--kernel: of which series?');
    const { arch = ARCHITECTURES[0], kernel: series = '', 'full-length': fullLength = false } = values;
    const architecture = ARCHITECTURES.find((name) => name === arch);
    if (!architecture) throw new Error(`--arch is one of ${ARCHITECTURES.join(', ')}, not ${arch}`);
    request = { pattern: positionals.join(' '), series, fullLength, architecture };
    titleOf(request);
  } catch (error) {
    throw new RequestError((error as Error).message); // Node says what is wrong
  }
  if (titles(request, true).length === 0)
    throw new RequestError(`no scene has a title that matches ${titleOf(request)}`);
  return request;
}

/** A kernel to boot. */
export interface Boot {
  /** its package */
  name: string;
  /** the scenes to play */
  titles: string[];
}

/** The kernels for which at least one scene is to run. @throws RequestError */
export async function bootsOf(request: Request): Promise<Boot[]> {
  const { series, architecture } = request;
  const packages = (await kernelPackages(architecture)).filter(
    (name) => series === '' || name.startsWith(`linux-image-${series}.`),
  );
  if (packages.length === 0) throw new RequestError(`no kernel of the series ${series} can be had here`);
  return packages.map((name, index) => ({ name, titles: titles(request, index === 0) })).filter(playsSome);
}

const titleOf = ({ pattern }: Request) => new RegExp(pattern, 'i');
const titles = (request: Request, all: boolean) =>
  sceneTitles(request.architecture, all).filter((title) => titleOf(request).test(title));
const playsSome = (boot: Pick<Boot, 'titles'>) => boot.titles.length > 0;
