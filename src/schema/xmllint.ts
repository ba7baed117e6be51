import { closeSync, constants, openSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import type { Grammar } from './grammar.js';
import type { Environment, SchemaVerdict } from './verdict.js';
import { isAboutFiles, isRecognizable, readXmllintOutput, readXmllintVerdict } from './xmllint-output.js';
import { spawnXmllint, type XmllintExit, type XmllintInput } from './xmllint-process.js';

export interface XmllintOptions {
  env: Environment;
  /** CPU time for each document: libxml2's time is quadratic in the attributes and in the children of an element */
  cpuTimeLimitMs?: number;
}

export interface XmllintRun {
  /**
   * By path, without files on which xmllint failed. Rejects with SchemaError as the process does, and is then never
   * unhandled.
   */
  verdicts: Promise<Map<string, SchemaVerdict>>;
  /** Ends all processes; `verdicts` then resolves with those that are known. */
  cancel(): void;
}

const CPU_TIME_LIMIT_MS = 3000;
const VALID = 0;
/** Far below Linux's limit for arguments and environment (2 MiB); a chunk of this size takes seconds anyway. */
const MAX_ARGUMENT_BYTES = 256 << 10;
/** For more files, several processes run in parallel, at a lower priority. */
const MAX_FILES_OF_ONE_PROCESS = 100;
/** Maximum number of parallel processes for single documents. */
const MAX_SINGLE_PROCESSES = 4;

/**
 * Validates files with as few xmllint processes as is fast; they are started before this returns. Paths are absolute,
 * and can contain any character: a path that xmllint would misinterpret is opened here and passed as its stdin.
 */
export function startXmllint(paths: readonly string[], grammar: Grammar, options: XmllintOptions): XmllintRun {
  const batch = new Batch(grammar, options, paths.length > MAX_FILES_OF_ONE_PROCESS);
  const chunks = split(paths.filter(isRecognizable));
  const work = [
    ...chunks.map((chunk) => batch.validateChunk(chunk)),
    batch.validateAlone(paths.filter((path) => !isRecognizable(path))),
  ];
  const verdicts = Promise.all(work).then((parts) => new Map(parts.flatMap((part) => [...part])));
  verdicts.catch(() => batch.cancel());
  return { verdicts, cancel: () => batch.cancel() };
}

/** Validates a document that is not on disk; undefined if xmllint failed. @throws SchemaError as startXmllint does */
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
    private readonly hasLowPriority = false,
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
    // xmllint validates the files in order: the first one without a verdict exceeded the limit
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
        // if xmllint fails it probably fails for every file: the rest gets no verdict
        if (verdict === undefined) queue.length = 0;
        else if (!this.#cancelled) verdicts.set(path, verdict);
      }
    };
    await Promise.all(Array.from({ length: MAX_SINGLE_PROCESSES }, worker));
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

  /** Runs one process. */
  async run(input: XmllintInput): Promise<XmllintExit> {
    const { env, cpuTimeLimitMs = CPU_TIME_LIMIT_MS } = this.options;
    const { hasLowPriority } = this;
    const { exit, kill } = spawnXmllint({ ...input, hasLowPriority }, this.grammar, env, cpuTimeLimitMs);
    this.#running.add(kill);
    try {
      return await exit;
    } finally {
      this.#running.delete(kill);
    }
  }
}

/** Splits by the limit of arguments and, if there are many files, by the number of CPUs. */
function split(paths: readonly string[]): string[][] {
  const processes = paths.length > MAX_FILES_OF_ONE_PROCESS ? availableParallelism() : 1;
  const perProcess = Math.ceil(paths.length / processes);
  const chunks: string[][] = [];
  let bytes = 0;
  for (const path of paths) {
    const last = chunks.at(-1);
    bytes += Buffer.byteLength(path) + 1;
    if (last && last.length < perProcess && bytes <= MAX_ARGUMENT_BYTES) {
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
  const seconds = (options.cpuTimeLimitMs ?? CPU_TIME_LIMIT_MS) / 1000;
  return { valid: false, undecided: true, message: `xmllint gave no verdict within ${seconds} s` };
}
