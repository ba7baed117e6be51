import { type ChildProcess, spawn } from 'node:child_process';
import { kill } from 'node:process';

/**
 * Sets $message to the lines of one message, runs the command, and prints its exit status. The command's output is
 * dropped.
 */
const script = (command: string) => `set -f
newline='
'
while IFS= read -r line; do
  message=
  while [ -n "$line" ]; do
    message=$message$line$newline
    IFS= read -r line || exit
  done
  { ${command}; } </dev/null >/dev/null 2>&1
  echo $?
done`;

interface Shell {
  child: ChildProcess;
  /** called with the exit status of the command; undefined: the shell has ended */
  onStatus(status: string | undefined): void;
}

type Outcome = 'sent' | 'failed' | 'timed out' | 'shell ended';

/** Added to the time limit for each line, because a shell reads it byte by byte. */
const LINE_TIMEOUT_MS = 2;

/**
 * Passes messages to a command, one process each. A long-lived shell starts them, because starting a process from Node
 * blocks it for 1 ms, and for 20 to 70 ms on an emulated host. The shell is started with the first message, and again
 * if it has ended.
 */
export class ShellPipe {
  #shell: Shell | undefined;
  #last: Promise<unknown> = Promise.resolve();
  #closed = false;

  /**
   * @param command in sh; its input is $message: lines, each ended
   * @param timeoutMs time limit for one message
   * @param env of the shell and the command
   */
  constructor(
    private readonly command: string,
    private readonly timeoutMs: number,
    private readonly env: Readonly<Record<string, string | undefined>>,
  ) {}

  /**
   * Sends a message after the earlier ones. Resolves to whether the command succeeded in time; never rejects. If the
   * shell ends meanwhile, the message is sent again, although it may have been sent already.
   * @param lines empty ones are left out; a line break or a NUL in one becomes U+FFFD
   */
  send(lines: readonly string[]): Promise<boolean> {
    const clean = lines.filter(Boolean).map((line) => line.replace(/[\n\0]/g, '\ufffd'));
    const sent = this.#last.then(async () => {
      const outcome = await this.#attempt(clean);
      return (outcome === 'shell ended' ? await this.#attempt(clean) : outcome) === 'sent';
    });
    this.#last = sent;
    return sent;
  }

  /** Kills the shell and its command. Messages that are not sent yet are dropped. */
  close(): void {
    this.#closed = true;
    if (this.#shell) killGroup(this.#shell);
  }

  #attempt(lines: readonly string[]): Promise<Outcome> {
    const shell = this.#closed ? undefined : (this.#shell ?? this.#start());
    if (!shell) return Promise.resolve('failed');
    return new Promise((resolve) => {
      let hasTimedOut = false;
      const giveUp = () => {
        hasTimedOut = true;
        killGroup(shell);
      };
      const timer = setTimeout(giveUp, this.timeoutMs + LINE_TIMEOUT_MS * lines.length);
      shell.onStatus = (status) => {
        clearTimeout(timer);
        if (status === undefined) resolve(hasTimedOut ? 'timed out' : 'shell ended');
        else resolve(status === '0\n' ? 'sent' : 'failed');
      };
      shell.child.stdin?.write(`${lines.join('\n')}\n\n`);
    });
  }

  /** Undefined if the system cannot start another process. */
  #start(): Shell | undefined {
    const child = this.#spawn();
    // without free descriptors Node leaves out the pipes and emits an error
    child?.on('error', () => {});
    if (!child?.stdin || !child.stdout) return undefined;
    const shell: Shell = { child, onStatus: () => {} };
    const end = () => {
      if (this.#shell === shell) this.#shell = undefined;
      // its command may still run
      killGroup(shell);
      shell.onStatus(undefined);
    };
    child.on('error', end);
    child.on('exit', end);
    child.stdin.on('error', () => {});
    child.stdout.on('data', (status) => shell.onStatus(String(status)));
    this.#shell = shell;
    return shell;
  }

  #spawn(): ChildProcess | undefined {
    try {
      // own process group: Ctrl-C does not reach it, and it is killed together with its command
      return spawn('sh', ['-c', script(this.command)], {
        stdio: ['pipe', 'pipe', 'ignore'],
        detached: true,
        env: { ...this.env },
      });
    } catch {
      return undefined;
    }
  }
}

function killGroup({ child }: Shell): void {
  try {
    if (child.pid !== undefined) kill(-child.pid, 'SIGKILL');
  } catch {
    // it has ended already
  }
}
