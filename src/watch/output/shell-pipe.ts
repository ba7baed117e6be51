import { type ChildProcess, spawn } from 'node:child_process';
import { kill } from 'node:process';

/** $message has the lines of one message. Says the command's status after each; what it says itself is nobody's. */
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
  /** told the status of the command, or undefined: the shell has ended */
  answered(status: string | undefined): void;
}

type Answer = 'taken' | 'refused' | 'late' | 'shell ended';

/** Milliseconds that a line may take beside the patience: a shell reads it byte by byte. */
const LINE = 2;

/**
 * Has a command take messages, one process each, started by a small shell: Node would be copied for each, which holds it up for 1 ms,
 * and for 20 to 70 ms where the host is emulated. The shell starts with the first message, and anew when it has ended.
 */
export class ShellPipe {
  #shell: Shell | undefined;
  #last: Promise<unknown> = Promise.resolve();
  #closed = false;

  /**
   * @param command in sh; takes $message, lines with an end each
   * @param patience milliseconds that a message may take
   */
  constructor(
    private readonly command: string,
    private readonly patience: number,
    private readonly env?: Readonly<Record<string, string | undefined>>,
  ) {}

  /**
   * Whether the command took it, and in time; never rejects. One message after the other. To a shell that has ended it is given once more,
   * though that one may have sent it.
   * @param lines empty ones are left out; a line break or a NUL in one becomes U+FFFD
   */
  send(lines: readonly string[]): Promise<boolean> {
    const clean = lines.filter(Boolean).map((line) => line.replace(/[\n\0]/g, '\ufffd'));
    const sent = this.#last.then(async () => {
      const answer = await this.#attempt(clean);
      return (answer === 'shell ended' ? await this.#attempt(clean) : answer) === 'taken';
    });
    this.#last = sent;
    return sent;
  }

  /** What is not sent by now is not: nobody's end waits for it. */
  close(): void {
    this.#closed = true;
    if (this.#shell) killGroup(this.#shell);
  }

  #attempt(lines: readonly string[]): Promise<Answer> {
    const shell = this.#closed ? undefined : (this.#shell ?? this.#start());
    if (!shell) return Promise.resolve('refused');
    return new Promise((resolve) => {
      let isLate = false;
      const giveUp = () => {
        isLate = true;
        killGroup(shell);
      };
      const timer = setTimeout(giveUp, this.patience + LINE * lines.length);
      shell.answered = (status) => {
        clearTimeout(timer);
        if (status === undefined) resolve(isLate ? 'late' : 'shell ended');
        else resolve(status === '0\n' ? 'taken' : 'refused');
      };
      shell.child.stdin?.write(`${lines.join('\n')}\n\n`);
    });
  }

  /** Undefined where the system has no room for one. */
  #start(): Shell | undefined {
    const child = this.#spawn();
    // without descriptors for them Node leaves out the pipes, and says why by an event
    child?.on('error', () => {});
    if (!child?.stdin || !child.stdout) return undefined;
    const shell: Shell = { child, answered: () => {} };
    const end = () => {
      if (this.#shell === shell) this.#shell = undefined;
      // what it had begun may go on
      killGroup(shell);
      shell.answered(undefined);
    };
    child.on('error', end);
    child.on('exit', end);
    child.stdin.on('error', () => {});
    child.stdout.on('data', (status) => shell.answered(String(status)));
    this.#shell = shell;
    return shell;
  }

  #spawn(): ChildProcess | undefined {
    try {
      // a group of its own: Ctrl-C is not for it, and it is killed with what it runs
      return spawn('sh', ['-c', script(this.command)], {
        stdio: ['pipe', 'pipe', 'ignore'],
        detached: true,
        ...(this.env ? { env: { ...this.env } } : {}),
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
    // it has ended
  }
}
