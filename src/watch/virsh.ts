import { execFile } from 'node:child_process';
import { canonicalUuid } from '../host/uuid.js';
import { MAX_BYTES } from '../xml/decode.js';

/** A daemon that does not answer is not waited for any longer, in milliseconds. */
const TIME_LIMIT = 30_000;

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
  readonly #ending = new AbortController();

  constructor(private readonly call: VirshCall) {}

  /** UUIDs of the domains that run. */
  async running(): Promise<string[]> {
    const text = await this.#run(['list', '--uuid']);
    return text.split('\n').flatMap((line) => canonicalUuid(line) ?? []);
  }

  /** The definition of a domain as it is now. */
  dump(uuid: string): Promise<string> {
    return this.#run(['dumpxml', `--domain=${uuid}`]);
  }

  /** Ends what is under way. */
  close(): void {
    this.#ending.abort();
  }

  #run(words: readonly string[]): Promise<string> {
    const options = {
      env: environmentOf(this.call),
      timeout: TIME_LIMIT,
      maxBuffer: MAX_BYTES,
      killSignal: 'SIGKILL' as const,
      signal: this.#ending.signal,
    };
    return new Promise((resolve, reject) => {
      execFile('virsh', [...optionsOf(this.call), ...words], options, (error, stdout, stderr) => {
        if (error) reject(new Error(wordsOf(error, stderr)));
        else resolve(stdout);
      });
    });
  }
}

function wordsOf(
  { code, killed, message }: { code?: unknown; killed?: boolean; message: string },
  stderr: string,
): string {
  if (code === 'ENOENT') return NO_VIRSH;
  if (killed) return `virsh gave no answer within ${TIME_LIMIT / 1000} s`;
  return (
    errorIn(stderr) ?? `virsh: ${typeof code === 'number' ? `exit status ${code}` : (message.split('\n')[0] ?? '')}`
  );
}

/** The first of virsh's own lines of error. */
export function errorIn(stderr: string): string | undefined {
  return /^error: (.*)$/m.exec(stderr)?.[1];
}
