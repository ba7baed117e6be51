import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';

/** QEMU's qtest socket: bus accesses that a guest's CPU would make, at a moment that the test chooses. */
export class Qtest {
  readonly #waiting: { resolve(value: string): void; reject(error: Error): void }[] = [];

  private constructor(private readonly socket: Socket) {
    createInterface({ input: socket }).on('line', (line) => this.#take(line));
    socket.on('close', () => {
      for (const { reject } of this.#waiting.splice(0)) reject(new Error('QEMU has ended'));
    });
    socket.on('error', () => {});
  }

  static connect(path: string): Promise<Qtest> {
    return new Promise((resolve, reject) => {
      const socket = connect(path);
      socket.once('error', reject);
      socket.once('connect', () => {
        socket.off('error', reject);
        resolve(new Qtest(socket));
      });
    });
  }

  /**
   * Runs a command of QEMU's qtest protocol, such as `outl 0xcf8 0x80000000`, and returns the text after its OK.
   * Commands are queued.
   */
  command(text: string): Promise<string> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.socket.write(`${text}\n`);
    });
  }

  close(): void {
    this.socket.destroy();
  }

  #take(line: string): void {
    // IRQ lines of the interrupt controller, if they were intercepted.
    if (line.startsWith('IRQ ')) return;
    const waiting = this.#waiting.shift();
    if (line.startsWith('OK')) waiting?.resolve(line.slice(3));
    else waiting?.reject(new Error(`qtest: ${line}`));
  }
}
