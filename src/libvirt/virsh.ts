import { type ChildProcess, execFile } from 'node:child_process';
import { canonicalUuid } from '../domain/uuid.js';
import { MAX_BYTES } from '../xml/decode.js';

/** A daemon that does not answer is not waited for any longer. */
const TIME_LIMIT_MS = 30_000;
/** Characters of what it says that are passed on. */
const LONGEST = 500;

export type Environment = Readonly<Record<string, string | undefined>>;

export const NO_VIRSH = 'virsh is not installed (Debian: libvirt-clients)';

/** How virsh is called: its words are parsed, so it speaks no other language. */
export interface VirshCall {
  /** libvirt's URI; virsh's own choice if absent */
  uri: string | undefined;
  env: Environment;
}

export const optionsOf = ({ uri }: VirshCall) => (uri === undefined ? [] : [`--connect=${uri}`]);
export const environmentOf = ({ env }: VirshCall) => ({ ...env, LC_ALL: 'C' });

/** virsh, without waiting for it. Every call fails with an Error of one line, in virsh's own words. */
export class Virsh {
  readonly #calls = new Set<ChildProcess>();
  #closed = false;

  constructor(
    private readonly call: VirshCall,
    private readonly timeLimitMs = TIME_LIMIT_MS,
  ) {}

  /** UUIDs of the domains that run. What is no list of them fails, too: it would end all that is held. */
  async running(): Promise<string[]> {
    const text = await this.#run(['list', '--uuid']);
    const uuids = text.split('\n').map((line) => (line === '' ? '' : canonicalUuid(line)));
    // of no domain it is an empty line
    if (text === '' || uuids.includes(undefined)) throw new Error('virsh list: no list of UUIDs');
    return uuids.filter((uuid) => uuid !== undefined && uuid !== '') as string[];
  }

  /** The definition of a domain as it is now. */
  dump(uuid: string): Promise<string> {
    return this.#run(['dumpxml', `--domain=${uuid}`]);
  }

  /** Ends what is under way; what is asked from now on fails. */
  close(): void {
    this.#closed = true;
    for (const call of this.#calls) endAtOnce(call);
  }

  #run(words: readonly string[]): Promise<string> {
    const closed = () => new Error('virsh is not asked any more');
    if (this.#closed) return Promise.reject(closed());
    const options = {
      env: environmentOf(this.call),
      timeout: this.timeLimitMs,
      maxBuffer: MAX_BYTES,
      killSignal: 'SIGKILL' as const,
    };
    return new Promise((resolve, reject) => {
      const call = execFile('virsh', [...optionsOf(this.call), ...words], options, (error, stdout, stderr) => {
        this.#calls.delete(call);
        // of one that had just ended the answer may be cut
        if (this.#closed) reject(closed());
        else if (error) reject(new Error(wordsOf(error, stderr, this.timeLimitMs)));
        else resolve(stdout);
      });
      this.#calls.add(call);
    });
  }
}

/** Nobody waits for it any more, nor for whoever else has its pipes by now. */
export function endAtOnce(child: ChildProcess): void {
  child.kill('SIGKILL');
  child.stdout?.destroy();
  child.stderr?.destroy();
  child.unref();
}

function wordsOf(
  { code, killed, message }: { code?: unknown; killed?: boolean | undefined; message: string },
  stderr: string,
  timeLimitMs: number,
): string {
  if (code === 'ENOENT') return NO_VIRSH;
  if (killed) return `virsh gave no answer within ${timeLimitMs / 1000} s`;
  return (
    errorIn(stderr) ?? `virsh: ${typeof code === 'number' ? `exit status ${code}` : (message.split('\n')[0] ?? '')}`
  );
}

/** What virsh itself says: what it could not do and, in a second line, why. Undefined where it says nothing. */
export function errorIn(stderr: string): string | undefined {
  const lines = Array.from(stderr.matchAll(/^error: (.+)$/gm), ([, words]) => words);
  return lines.length === 0 ? undefined : lines.slice(0, 2).join(': ').slice(0, LONGEST);
}
