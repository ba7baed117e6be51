import type { Message } from '../inside/report.js';

/** Counts the reports of the scenes, and prints them as they arrive. */
export class Tally {
  #passed = 0;
  #failed = 0;
  #skipped = 0;
  #open: string[] = [];
  #ended = false;
  #kernelFailed = false;

  /** @param titles the scenes that this kernel is to play */
  begin(kernel: string, titles: readonly string[]): void {
    this.#open = [...titles];
    this.#ended = false;
    this.#kernelFailed = false;
    console.log(kernel);
  }

  /** The scenes of the current kernel that have not ended. */
  get open(): string[] {
    return [...this.#open];
  }

  take(message: Message): void {
    switch (message.type) {
      case 'note':
        this.note(message.text);
        break;
      case 'end':
        this.#ended = true;
        break;
      case 'passed':
      case 'failed':
      case 'skipped':
        this.#open = this.#open.filter((title) => title !== message.title);
        this.#count(message.type);
        console.log(`  ${MARKS[message.type]} ${message.title} (${message.seconds.toFixed(1)} s)`);
        if (message.text) this.note(message.text);
    }
  }

  note(text: string): void {
    console.log(indent(text));
  }

  /** @param log the console output of the emulated host, which is printed after a failure */
  end(log: string): void {
    for (const title of this.#open) {
      this.#count('failed');
      console.log(`  ${MARKS.failed} ${title}: the emulated host ended before`);
    }
    if (!this.#ended && this.#open.length === 0) {
      this.#count('failed');
      console.log(`  ${MARKS.failed} the emulated host did not come to its end`);
    }
    if (this.#kernelFailed) this.note(log.replaceAll('\r', '').split('\n').slice(-60).join('\n'));
  }

  /** @param seconds duration of the whole run @returns exit status */
  conclude(seconds: number): number {
    console.log(`whole run: ${Math.floor(seconds / 60)} min ${Math.floor(seconds % 60)} s`);
    console.log(`${this.#passed} passed, ${this.#failed} failed, ${this.#skipped} skipped`);
    return this.#failed > 0 || this.#passed === 0 ? 1 : 0;
  }

  #count(outcome: 'passed' | 'failed' | 'skipped'): void {
    if (outcome === 'passed') this.#passed++;
    else if (outcome === 'skipped') this.#skipped++;
    else {
      this.#failed++;
      this.#kernelFailed = true;
    }
  }
}

const MARKS = { passed: 'ok  ', failed: 'FAIL', skipped: 'skip' };
const indent = (text: string) => text.trimEnd().replace(/^/gm, '       ');
