import { irqbalanceOf } from '../host/irqbalance.js';
import {
  askIrqbalance,
  findIrqbalanceSockets,
  type IrqbalanceSocket,
  irqsOf,
  LONGEST_LIST,
} from '../host/irqbalance-socket.js';
import { FileError } from '../host/pseudo-fs.js';
import { RealFs } from '../host/real-fs.js';
import { isOurPolicy } from './irqbalance-device-list.js';
import { RuntimeFile } from './runtime-file.js';

/** What came of it. */
export interface BanResult {
  /** an irqbalance runs */
  running: boolean;
  /** of ours, those that it may still move: its list has no room for them */
  left: readonly number[];
  /** why it could not be told: one line */
  problem?: string;
}

/**
 * Has a running irqbalance leave our interrupts alone, through its socket. Its list is replaced by each request, so ours are united with what is
 * there, and only ours are taken back. Each change has irqbalance place all other interrupts anew: nothing is sent that is so already, and
 * where its policy script is ours, only what the script came too late for.
 * Which numbers are ours is kept in /run/hostdev-cpuset: after a crash they are not somebody else's.
 */
export class IrqbalanceBans {
  readonly #record: RuntimeFile;
  readonly #folder: string;
  readonly #files: RealFs;
  #last: Promise<unknown> = Promise.resolve();

  constructor(root = '') {
    this.#record = new RuntimeFile(root, 'irqbalance-bans');
    this.#folder = `${root}/run/irqbalance`;
    this.#files = new RealFs(root);
  }

  /** All interrupts that are held from now on. Never throws; calls wait for each other. */
  hold(irqs: ReadonlySet<number>): Promise<BanResult> {
    return this.#inTurn(irqs);
  }

  /** Takes all of ours back, and leaves nothing behind. */
  release(): Promise<BanResult> {
    return this.#inTurn(new Set());
  }

  #inTurn(irqs: ReadonlySet<number>): Promise<BanResult> {
    const result = this.#last.then(() => this.#update(irqs));
    this.#last = result;
    return result;
  }

  async #update(irqs: ReadonlySet<number>): Promise<BanResult> {
    try {
      for (const socket of findIrqbalanceSockets(this.#folder)) {
        const left = await this.#tell(socket, irqs);
        if (left) return { running: true, left };
      }
      this.#forget();
      return { running: false, left: [] };
    } catch (error) {
      const problem = `cannot send bans to irqbalance: ${error instanceof Error ? error.message : error}`;
      return { running: true, left: [...irqs], problem };
    }
  }

  /** Those that it may still move; undefined where nobody listens: one that was killed leaves its socket. */
  async #tell(socket: IrqbalanceSocket, irqs: ReadonlySet<number>): Promise<number[] | undefined> {
    const setup = await answerOf(socket.path, 'setup');
    if (setup === undefined) return undefined;
    const before = irqsOf(setup);
    const ours = this.#ours(socket);
    const others = [...before].filter((irq) => !ours.has(irq));
    const wanted = await this.#wanted(socket, irqs, ours, others);
    const added = fitting(others, wanted);
    const list = [...others, ...added];
    // what others ban may have no room itself: whatever is sent would cut it
    if (textOf(list).length <= LONGEST_LIST && !isSame(list, before)) {
      this.#note(socket, [...ours, ...added]);
      await askIrqbalance(socket.path, `settings ban irqs ${textOf(list) || 'NONE'}`);
    }
    this.#note(socket, added);
    return wanted.filter((irq) => !added.includes(irq));
  }

  /** Ours that must be in its list: with our script, only those that it banned by number already, and those that it moves all the same. */
  async #wanted({ path, pid }: IrqbalanceSocket, irqs: ReadonlySet<number>, ours: Set<number>, others: number[]) {
    const needed = [...irqs].filter((irq) => irq > 0 && !others.includes(irq));
    if (!isOurPolicy(irqbalanceOf(this.#files, pid).policyScript)) return needed;
    const moved = irqsOf(await askIrqbalance(path, 'stats'));
    return needed.filter((irq) => ours.has(irq) || moved.has(irq));
  }

  /** Of the list, what we put there. */
  #ours({ identity }: IrqbalanceSocket): Set<number> {
    const [owner, ...irqs] = (this.#record.read() ?? '').split('\n').filter(Boolean);
    return new Set(owner === identity ? irqs.map(Number) : []);
  }

  #note({ identity }: IrqbalanceSocket, irqs: readonly number[]): void {
    if (irqs.length === 0) this.#forget();
    else this.#record.write([identity, ...irqs].map((line) => `${line}\n`).join(''));
  }

  #forget(): void {
    this.#record.remove();
  }
}

/** Undefined where nobody listens. */
async function answerOf(path: string, request: string): Promise<string | undefined> {
  try {
    return await askIrqbalance(path, request);
  } catch (error) {
    if (error instanceof FileError && ['ECONNREFUSED', 'ENOENT'].includes(error.code)) return undefined;
    throw error;
  }
}

/** As many of them as the list has room for behind the others. */
function fitting(others: readonly number[], wanted: readonly number[]): number[] {
  const added: number[] = [];
  let length = textOf(others).length;
  for (const irq of wanted) {
    length += ` ${irq}`.length;
    if (length - (others.length > 0 ? 0 : 1) > LONGEST_LIST) break;
    added.push(irq);
  }
  return added;
}

const isSame = (list: readonly number[], set: ReadonlySet<number>) =>
  list.length === set.size && list.every((irq) => set.has(irq));

const textOf = (irqs: readonly number[]) => irqs.join(' ');
