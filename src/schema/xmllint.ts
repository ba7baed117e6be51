import { closeSync, constants, openSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import type { Grammar } from './grammar.js';
import type { Environment, SchemaVerdict } from './verdict.js';
import { isAboutFiles, isTellable, readXmllintOutput, readXmllintVerdict } from './xmllint-output.js';
import { spawnXmllint, type XmllintExit, type XmllintInput } from './xmllint-process.js';

export interface XmllintOptions {
  env: Environment;
  /** For each document, in milliseconds of CPU time: libxml2 is quadratic in the attributes and in the children of an element. */
  timeLimit?: number;
}

export interface XmllintRun {
  /** By path, as given; without those on which xmllint failed. Rejects with SchemaError as the process does; never unhandled. */
  verdicts: Promise<Map<string, SchemaVerdict>>;
  /** Ends every process; verdicts then resolves with what was known. */
  cancel(): void;
}

const TIME_LIMIT = 3000;
const VALID = 0;
// Far below what Linux takes for arguments and environment (2 MiB), and no loss: a chunk of this size lasts seconds.
const ARGUMENT_BYTES = 256 << 10;
const MANY = 100;
// How many single documents wait for their own process at once.
const ALONE_AT_ONCE = 4;

/**
 * Validates files with as few xmllint processes as is fast, started before this returns. Paths are absolute, and may hold
 * any character: a name that xmllint would read as something else is opened here and handed over as its stdin.
 */
export function startXmllint(paths: readonly string[], grammar: Grammar, options: XmllintOptions): XmllintRun {
  const batch = new Batch(grammar, options, paths.length > MANY);
  const chunks = split(paths.filter(isTellable));
  const work = [
    ...chunks.map((chunk) => batch.validateChunk(chunk)),
    batch.validateAlone(paths.filter((path) => !isTellable(path))),
  ];
  const verdicts = Promise.all(work).then((parts) => new Map(parts.flatMap((part) => [...part])));
  verdicts.catch(() => batch.cancel());
  return { verdicts, cancel: () => batch.cancel() };
}

/** Validates one document that is not on disk as it stands; undefined where xmllint failed. Throws SchemaError as startXmllint does. */
export async function validateText(
  text: string,
  grammar: Grammar,
  options: XmllintOptions,
): Promise<SchemaVerdict | undefined> {
  return aloneVerdict(await new Batch(grammar, options).run({ files: ['-'], stdin: text }), options);
}

class Batch {
  readonly #running = new Set<() => void>();
  #cancelled = false;

  constructor(
    private readonly grammar: Grammar,
    private readonly options: XmllintOptions,
    private readonly isAside = false,
  ) {}

  cancel(): void {
    this.#cancelled = true;
    for (const kill of this.#running) kill();
  }

  async validateChunk(paths: readonly string[]): Promise<Map<string, SchemaVerdict>> {
    const exit = await this.run({ files: paths });
    if (exit.status === VALID) return new Map(paths.map((path) => [path, { valid: true }]));
    if (!isAboutFiles(exit.status) && !exit.timedOut && !this.#cancelled) return new Map();
    const verdicts = readXmllintOutput(exit.output, paths);
    if (this.#cancelled) return verdicts;
    const open = paths.filter((path) => !verdicts.has(path));
    if (!exit.timedOut) return new Map([...verdicts, ...(await this.validateAlone(open))]);
    // xmllint goes through its files in order, so the first without a verdict is what it was at.
    const [slow, ...rest] = open;
    if (slow !== undefined) verdicts.set(slow, outOfTime(this.options));
    return rest.length > 0 ? new Map([...verdicts, ...(await this.validateChunk(rest))]) : verdicts;
  }

  async validateAlone(paths: readonly string[]): Promise<Map<string, SchemaVerdict>> {
    const verdicts = new Map<string, SchemaVerdict>();
    const queue = [...paths];
    const worker = async (): Promise<void> => {
      for (let path = queue.shift(); path !== undefined && !this.#cancelled; path = queue.shift()) {
        const verdict = await this.#validateFile(path);
        // An xmllint that fails is likely to fail at every file: what is left goes without a verdict.
        if (verdict === undefined) queue.length = 0;
        else if (!this.#cancelled) verdicts.set(path, verdict);
      }
    };
    await Promise.all(Array.from({ length: ALONE_AT_ONCE }, worker));
    return verdicts;
  }

  async #validateFile(path: string): Promise<SchemaVerdict | undefined> {
    let file: number;
    try {
      file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    } catch {
      return undefined;
    }
    try {
      return aloneVerdict(await this.run({ files: ['-'], stdin: file }), this.options);
    } finally {
      closeSync(file);
    }
  }

  /** One process. */
  async run(input: XmllintInput): Promise<XmllintExit> {
    const { env, timeLimit = TIME_LIMIT } = this.options;
    const { exit, kill } = spawnXmllint({ ...input, isAside: this.isAside }, this.grammar, env, timeLimit);
    this.#running.add(kill);
    try {
      return await exit;
    } finally {
      this.#running.delete(kill);
    }
  }
}

/** Each within the limit of arguments, and where there are many files, as many as there are CPUs. */
function split(paths: readonly string[]): string[][] {
  const processes = paths.length > MANY ? availableParallelism() : 1;
  const perProcess = Math.ceil(paths.length / processes);
  const chunks: string[][] = [];
  let bytes = 0;
  for (const path of paths) {
    const last = chunks.at(-1);
    bytes += Buffer.byteLength(path) + 1;
    if (last && last.length < perProcess && bytes <= ARGUMENT_BYTES) {
      last.push(path);
    } else {
      chunks.push([path]);
      bytes = Buffer.byteLength(path) + 1;
    }
  }
  return chunks;
}

function aloneVerdict(exit: XmllintExit, options: XmllintOptions): SchemaVerdict | undefined {
  return exit.timedOut ? outOfTime(options) : readXmllintVerdict(exit.status, exit.output);
}

function outOfTime(options: XmllintOptions): SchemaVerdict {
  const seconds = (options.timeLimit ?? TIME_LIMIT) / 1000;
  return { valid: false, undecided: true, message: `xmllint gave no verdict within ${seconds} s` };
}
