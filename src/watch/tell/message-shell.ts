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

/**
 * Has a command take messages, one process each, started by a small shell: Node would be copied for each, which holds it up for 1 ms,
 * and for 20 to 70 ms where the host is emulated. The shell starts with the first message, and anew when it has ended.
 */
export class MessageShell {
  #shell: Shell | undefined;
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
   * One message at a time. Whether the command took it, and in time.
   * @param lines at least one; none is empty or has a line break
   */
  send(lines: readonly string[]): Promise<boolean> {
    if (this.#closed) return Promise.resolve(false);
    return new Promise((resolve) => {
      const shell = this.#shell ?? this.#start();
      const timer = setTimeout(() => this.#kill(), this.patience);
      shell.answered = (status) => {
        clearTimeout(timer);
        resolve(status === '0\n');
      };
      shell.child.stdin?.write(`${lines.join('\n')}\n\n`);
    });
  }

  /** What is not sent by now is not: nobody's end waits for it. */
  close(): void {
    this.#closed = true;
    this.#kill();
  }

  #start(): Shell {
    // a group of its own: Ctrl-C is not for it, and it is killed with what it runs
    const child = spawn('sh', ['-c', script(this.command)], {
      stdio: ['pipe', 'pipe', 'ignore'],
      detached: true,
      ...(this.env ? { env: { ...this.env } } : {}),
    });
    const shell: Shell = { child, answered: () => {} };
    const end = () => {
      if (this.#shell === shell) this.#shell = undefined;
      shell.answered(undefined);
    };
    child.on('error', end);
    child.on('exit', end);
    child.stdin.on('error', () => {});
    child.stdout.on('data', (status) => shell.answered(String(status)));
    this.#shell = shell;
    return shell;
  }

  #kill(): void {
    const pid = this.#shell?.child.pid;
    if (pid === undefined) return;
    try {
      kill(-pid, 'SIGKILL');
    } catch {
      // it has ended
    }
  }
}
