import { type ChildProcess, type ExecFileException, execFile, spawn, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { NAMESPACE } from '../domain/metadata.js';
import { canonicalUuid } from '../domain/uuid.js';
import { errnoOf } from '../lib/errno.js';
import { ToolError } from '../lib/errors.js';
import { MAX_BYTES } from '../xml/decode.js';
import type { LibvirtDaemon } from './daemon.js';
import { argumentsOf, environmentOf, failureOf, killNow, type VirshConnection } from './virsh-process.js';

const TIMEOUT_MS = 30_000;
/** Definitions that one process prints: they must fit in its buffer. */
const DOMAINS_A_CALL = 50;

/** The definition of the running domain, or the one for its next start: named as virsh's options. */
export type MetadataScope = 'live' | 'config';

/** The result of a call, with any status. */
export interface VirshOutcome {
  status: number | null;
  stdout: string;
  stderr: string;
}

/**
 * Calls virsh: asynchronously for the watcher, and synchronously (methods that end in Sync) for commands. Every failure
 * is a ToolError of one line.
 */
export class Virsh {
  readonly #running = new Set<ChildProcess>();
  #closed = false;

  /**
   * @param timeoutMs time limit of a call, as a libvirt daemon may hang
   * @param daemon the watcher's calls fail while it is known to have ended: a call would start it
   */
  constructor(
    private readonly connection: VirshConnection,
    private readonly timeoutMs = TIMEOUT_MS,
    private readonly daemon?: LibvirtDaemon,
  ) {}

  /**
   * UUIDs of the running domains, canonical. Output that is not a list of UUIDs is a failure, not an empty list: the
   * watcher drops the domains that are not listed.
   */
  async listRunning(): Promise<string[]> {
    const stdout = await this.#run(['list', '--uuid']);
    const uuids = stdout.split('\n').map((line) => (line === '' ? '' : canonicalUuid(line)));
    // without running domains virsh prints an empty line
    if (stdout === '' || uuids.includes(undefined)) throw new ToolError('virsh list: unexpected output');
    return uuids.filter((uuid) => uuid !== undefined && uuid !== '') as string[];
  }

  /** The live definition of a running domain, otherwise the stored one. */
  dumpXml(domain: string): Promise<string> {
    return this.#run(['dumpxml', `--domain=${domain}`]);
  }

  /** Ends the running calls; these and later calls fail. */
  close(): void {
    this.#closed = true;
    for (const child of this.#running) killNow(child);
  }

  /** libvirt's URI of the connection, in full. */
  uriSync(): string {
    return this.#outputSync(['uri']).trim();
  }

  /** UUIDs or names of the running domains. */
  listRunningSync(what: 'uuid' | 'name'): string[] {
    return this.#outputSync(['list', `--${what}`])
      .split('\n')
      .filter(Boolean);
  }

  /** As dumpXml(). */
  dumpXmlSync(domain: string): string {
    return this.#outputSync(['dumpxml', `--domain=${domain}`]);
  }

  /** The definition for the next start. */
  dumpStoredXmlSync(domain: string): string {
    return this.#outputSync(['dumpxml', '--inactive', `--domain=${domain}`]);
  }

  /**
   * Sets the element of our namespace in `<metadata>`, or removes it. libvirt sends an event for that.
   * @param scope the running domain, or the definition for the next start
   * @param element with a default namespace, as libvirt stores a prefixed element incorrectly; undefined removes it
   */
  setMetadataSync(domain: string, scope: MetadataScope, element: string | undefined): void {
    const what = element === undefined ? ['--remove'] : ['--key=hostdevs', `--set=${element}`];
    this.#outputSync(['metadata', `--domain=${domain}`, `--uri=${NAMESPACE}`, `--${scope}`, ...what]);
  }

  /**
   * As dumpXml(), for many domains with one virsh process. A domain without an answer is not in the result.
   * @param uuids canonical
   */
  dumpXmlOfAllSync(uuids: readonly string[]): Map<string, string> {
    const answers = new Map<string, string>();
    // random, so that no definition can contain it
    const end = `end-${randomUUID()}`;
    for (let first = 0; first < uuids.length; first += DOMAINS_A_CALL) {
      const some = uuids.slice(first, first + DOMAINS_A_CALL);
      const script = some.map((uuid) => `dumpxml --domain=${uuid}; echo ${end}`).join('; ');
      const { stdout } = this.#runSync([script], 8 * MAX_BYTES);
      const texts = stdout.split(`${end}\n`);
      // virsh may end at the first domain that has gone: no definition must be assigned to another domain
      some.forEach((uuid, index) => {
        const text = texts[index]?.trim() ?? '';
        if (text !== '' && index < texts.length - 1) answers.set(uuid, text);
      });
    }
    return answers;
  }

  /** The definition for the next start, with its passwords: defining one without them would remove them. */
  dumpXmlForEditing(domain: string): string {
    return this.#outputSync(['dumpxml', '--inactive', '--security-info', `--domain=${domain}`]);
  }

  /** virsh's version; undefined if virsh cannot be run, or prints no version. */
  version(): { major: number; minor: number } | undefined {
    try {
      const [, major, minor] = /^(\d+)\.(\d+)/.exec(this.#outputSync(['--version'])) ?? [];
      return major === undefined ? undefined : { major: Number(major), minor: Number(minor) };
    } catch (error) {
      if (!(error instanceof ToolError)) throw error;
      return undefined;
    }
  }

  /**
   * Runs virsh on the terminal, where it may ask for a password, so without a time limit; close() ends it. A status
   * other than 0 is not a failure.
   * @param file a descriptor that virsh can read as /dev/fd/3
   */
  runOnTerminal(args: readonly string[], file: number): Promise<VirshOutcome> {
    return new Promise((resolve, reject) => {
      const env = environmentOf(this.connection);
      const child = spawn('virsh', argumentsOf(this.connection, args), {
        env,
        stdio: ['inherit', 'pipe', 'pipe', file],
      });
      this.#running.add(child);
      let [stdout, stderr] = ['', ''];
      child.stdout?.setEncoding('utf8').on('data', (text: string) => (stdout += text));
      child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text));
      child.on('error', (error) =>
        reject(new ToolError(failureOf({ code: errnoOf(error), status: null, stderr: '' }))),
      );
      child.on('close', (status) => {
        this.#running.delete(child);
        resolve({ status, stdout, stderr });
      });
    });
  }

  /** Runs virsh and waits; a status other than 0 is not a failure. */
  #runSync(args: readonly string[], maxBuffer = MAX_BYTES): VirshOutcome {
    const { error, status, stdout, stderr } = spawnSync('virsh', argumentsOf(this.connection, args), {
      encoding: 'utf8',
      env: environmentOf(this.connection),
      timeout: this.timeoutMs,
      killSignal: 'SIGKILL',
      maxBuffer,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    if (error) {
      const code = errnoOf(error);
      const timedOutMs = code === 'ETIMEDOUT' ? this.timeoutMs : undefined;
      throw new ToolError(failureOf({ code, status, timedOutMs, stderr: '' }));
    }
    return { status, stdout, stderr };
  }

  #outputSync(args: readonly string[]): string {
    const { status, stdout, stderr } = this.#runSync(args);
    if (status !== 0) throw new ToolError(failureOf({ status, stderr }));
    return stdout;
  }

  #run(args: readonly string[]): Promise<string> {
    const closed = () => new ToolError('virsh: the client is closed');
    if (this.#closed) return Promise.reject(closed());
    if (this.daemon?.hasEnded) return Promise.reject(new ToolError('virsh: the daemon of libvirt does not run'));
    const options = {
      env: environmentOf(this.connection),
      timeout: this.timeoutMs,
      maxBuffer: MAX_BYTES,
      killSignal: 'SIGKILL' as const,
    };
    return new Promise((resolve, reject) => {
      const child = execFile('virsh', argumentsOf(this.connection, args), options, (error, stdout, stderr) => {
        this.#running.delete(child);
        // close() may have cut the output of a call that had just ended
        if (this.#closed) reject(closed());
        else if (error) reject(new ToolError(failureOf({ ...endOf(error, this.timeoutMs), stderr })));
        else resolve(stdout);
      });
      this.#running.add(child);
    });
  }
}

/** Node puts the status, or an error code, in the same field. */
function endOf(error: ExecFileException, timeoutMs: number) {
  const { code, killed } = error;
  const isStatus = typeof code === 'number';
  return {
    status: isStatus ? code : null,
    code: isStatus || code === undefined || code === null ? undefined : errnoOf(error),
    // of the processes that Node kills, only those with too long output have a code
    timedOutMs: killed && typeof code !== 'string' ? timeoutMs : undefined,
  };
}
