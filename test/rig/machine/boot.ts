import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Message } from '../inside/report.js';

/**
 * Runs QEMU to its end and passes on the reports of the scenes. QEMU ends with this process, even after SIGKILL.
 * @param command QEMU's, with its arguments
 * @param minutes after which it is stopped
 * @returns QEMU's own messages, and the signal by which it crashed
 */
export async function boot(
  [program, ...args]: [string, ...string[]],
  minutes: number,
  onMessage: (message: Message) => void,
  started: (qemu: ChildProcess) => void,
) {
  const qemu = spawn('setpriv', ['--pdeathsig', 'KILL', program, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  started(qemu);
  const timer = setTimeout(() => qemu.kill('SIGKILL'), minutes * 60_000);
  let said = '';
  qemu.stderr.on('data', (chunk: Buffer) => {
    said += chunk;
  });
  createInterface({ input: qemu.stdout }).on('line', (line) => {
    const message = parse(line);
    if (message) onMessage(message);
    else said += `${line}\n`;
  });
  const status = await new Promise<number | string | null>((resolve, reject) => {
    qemu.on('error', reject);
    qemu.on('close', (code, signal) => resolve(signal ?? code));
  });
  clearTimeout(timer);
  const crash = CRASHES.includes(`${status}`) ? `QEMU crashed with ${status}` : undefined;
  return { said: status === 0 ? said : `${said}QEMU ended with ${status}\n`, crash };
}

/** Signals of a fault in the program itself: QEMU 7.2 with a thread per CPU ends so once in some hours. */
const CRASHES = ['SIGSEGV', 'SIGBUS', 'SIGABRT', 'SIGILL', 'SIGFPE'];

function parse(line: string): Message | undefined {
  try {
    return JSON.parse(line) as Message;
  } catch {
    return undefined;
  }
}
