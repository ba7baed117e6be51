import { spawn } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import type { Grammar } from './grammar.js';
import { SchemaError } from './schema-error.js';
import type { Environment, SchemaVerdict } from './verdict.js';
import { isTellable, readXmllintFindings, readXmllintOutput } from './xmllint-output.js';

export interface XmllintOptions {
  env: Environment;
  /** For each process, in milliseconds; libxml2 is quadratic in the attributes of an element. */
  timeLimit?: number;
}

export interface XmllintRun {
  /** By path, as given. Rejects with SchemaError where xmllint or the grammar fails; never unhandled. */
  verdicts: Promise<Map<string, SchemaVerdict>>;
  /** Ends every process; verdicts then resolves with what was known. */
  cancel(): void;
}

const TIME_LIMIT = 20_000;
const OUTPUT_LIMIT = 16 << 20;
// Far below what Linux takes for arguments and environment (2 MiB), and no loss: a chunk of this size lasts seconds.
const ARGUMENT_BYTES = 256 << 10;
const FILES_WORTH_ANOTHER_PROCESS = 100;
// How many single documents wait for their own process at once.
const ALONE_AT_ONCE = 4;

// Exit statuses of xmllint (libxml2 2.9 to 2.14); 1 and 3 to 4 are about the document.
const VALID = 0;
const BAD_GRAMMAR = 5;

interface Exit {
  status: number | null;
  output: string;
  timedOut: boolean;
}

/**
 * Validates files with as few xmllint processes as is fast, started before this returns. Paths are absolute, and may hold
 * any character: a name that xmllint would read as something else is opened here and handed over as its stdin.
 */
export function startXmllint(paths: readonly string[], grammar: Grammar, options: XmllintOptions): XmllintRun {
  const session = new Session(grammar, options);
  const chunks = split(paths.filter(isTellable));
  const work = [
    ...chunks.map((chunk) => session.validateChunk(chunk)),
    session.validateAlone(paths.filter((path) => !isTellable(path))),
  ];
  const verdicts = Promise.all(work).then((parts) => new Map(parts.flatMap((part) => [...part])));
  verdicts.catch(() => session.cancel());
  return { verdicts, cancel: () => session.cancel() };
}

/** Validates one document that is not on disk as it stands. Throws SchemaError as startXmllint does. */
export async function validateText(text: string, grammar: Grammar, options: XmllintOptions): Promise<SchemaVerdict> {
  return aloneVerdict(await new Session(grammar, options).run(['-'], text), options);
}

class Session {
  readonly #running = new Set<() => void>();
  #cancelled = false;

  constructor(
    private readonly grammar: Grammar,
    private readonly options: XmllintOptions,
  ) {}

  cancel(): void {
    this.#cancelled = true;
    for (const kill of this.#running) kill();
  }

  async validateChunk(paths: readonly string[]): Promise<Map<string, SchemaVerdict>> {
    const exit = await this.run(paths);
    if (exit.status === VALID) return new Map(paths.map((path) => [path, { valid: true }]));
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
        if (!this.#cancelled) verdicts.set(path, verdict);
      }
    };
    await Promise.all(Array.from({ length: ALONE_AT_ONCE }, worker));
    return verdicts;
  }

  async #validateFile(path: string): Promise<SchemaVerdict> {
    let file: number;
    try {
      file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    } catch (error) {
      return { valid: false, message: `cannot be read (${(error as NodeJS.ErrnoException).code})` };
    }
    try {
      return aloneVerdict(await this.run(['-'], file), this.options);
    } finally {
      closeSync(file);
    }
  }

  /** One process. `stdin` is an open file, or a text. */
  run(files: readonly string[], stdin?: number | string): Promise<Exit> {
    const { path, file } = openGrammar(this.grammar);
    const child = spawn('xmllint', ['--noout', '--nonet', '--relaxng', path, ...files], {
      // No catalogs: they could send the grammar's includes elsewhere.
      env: { ...this.options.env, LC_ALL: 'C', XML_CATALOG_FILES: '' },
      stdio: [typeof stdin === 'string' ? 'pipe' : (stdin ?? 'ignore'), 'ignore', 'pipe', file ?? 'ignore'],
    });
    if (file !== undefined) closeSync(file);

    return new Promise((resolve, reject) => {
      const parts: Buffer[] = [];
      let size = 0;
      let timedOut = false;
      const kill = (): boolean => child.kill('SIGKILL');
      const timer = setTimeout(() => {
        timedOut = true;
        kill();
      }, this.options.timeLimit ?? TIME_LIMIT);
      this.#running.add(kill);
      const settle = (): void => {
        clearTimeout(timer);
        this.#running.delete(kill);
      };
      child.stderr?.on('data', (data: Buffer) => {
        if (size < OUTPUT_LIMIT) parts.push(data);
        size += data.length;
      });
      child.on('error', (error: NodeJS.ErrnoException) => {
        settle();
        reject(new SchemaError(spawnFailure(error)));
      });
      child.on('close', (status) => {
        settle();
        const output = Buffer.concat(parts).toString('utf8');
        if (status === BAD_GRAMMAR) reject(new SchemaError(grammarFailure(output)));
        else resolve({ status, output, timedOut });
      });
      // A process that ended early has not read everything, which its exit status tells better.
      child.stdin?.on('error', () => {});
      if (typeof stdin === 'string') child.stdin?.end(stdin);
    });
  }
}

/**
 * A grammar that is not on disk is put in a file that has no name any more when xmllint reads it (through /dev/fd), so that
 * there is nothing to clean up. A pipe would do, but Node's are sockets, which cannot be opened by name.
 */
function openGrammar(grammar: Grammar): { path: string; file?: number } {
  if (grammar.file !== undefined) return { path: grammar.file };
  const directory = mkdtempSync(`${tmpdir()}/hostdev-cpuset-`);
  try {
    writeFileSync(`${directory}/grammar.rng`, grammar.text ?? '');
    return { path: '/dev/fd/3', file: openSync(`${directory}/grammar.rng`, 'r') };
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** Each within the limit of arguments, and as many as there are CPUs where that pays. */
function split(paths: readonly string[]): string[][] {
  const processes = paths.length > FILES_WORTH_ANOTHER_PROCESS ? availableParallelism() : 1;
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

function aloneVerdict(exit: Exit, options: XmllintOptions): SchemaVerdict {
  if (exit.timedOut) return outOfTime(options);
  if (exit.status === VALID) return { valid: true };
  const ended = exit.status === null ? { message: 'xmllint crashed on it' } : {};
  return { valid: false, ...ended, ...readXmllintFindings(exit.output) };
}

function outOfTime(options: XmllintOptions): SchemaVerdict {
  return { valid: false, message: `xmllint gave no verdict within ${(options.timeLimit ?? TIME_LIMIT) / 1000} s` };
}

function spawnFailure(error: NodeJS.ErrnoException): string {
  if (error.code === 'ENOENT') return 'xmllint is not installed (Debian: libxml2-utils; Fedora: libxml2)';
  return `xmllint could not be started (${error.code ?? error.message})`;
}

function grammarFailure(output: string): string {
  const line = output.split('\n').find((text) => / error : /.test(text)) ?? output.split('\n')[0] ?? '';
  return `the schema does not compile: ${line.replace(/^.* error : /, '')}`;
}
