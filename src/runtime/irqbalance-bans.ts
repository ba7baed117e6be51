import { irqbalanceOf } from '../host/irqbalance.js';
import { askIrqbalance, findIrqbalanceSockets, type IrqbalanceSocket, irqsOf } from '../host/irqbalance-socket.js';
import { FileError } from '../host/pseudo-fs.js';
import { RealFs } from '../host/real-fs.js';
import { isOurPolicy } from './irqbalance-device-list.js';
import { RuntimeFile } from './runtime-file.js';

const BAN = 'settings ban irqs ';
/**
 * Characters of a ban list. irqbalance before 1.9.5 reads 500 bytes of a request and ignores the rest, which could cut
 * a number and ban another interrupt; later versions refuse a request of 16384 bytes (source: sock_handle() in
 * irqbalance.c, 1.5.0 to 1.9.5; measured with 1.9.2).
 */
const SHORT_LIST_LENGTH = 500 - BAN.length;
/** Leaves room for the spaces that textOf() adds: fewer than a number has digits. */
const LONG_LIST_LENGTH = 16_383 - BAN.length - 16;

export interface BanResult {
  /** an irqbalance runs */
  running: boolean;
  /** our IRQs that irqbalance may still move, because its ban list is full */
  unbanned: readonly number[];
  /** one line: why the bans could not be sent */
  problem?: string;
}

/**
 * Bans our interrupts in a running irqbalance, through its socket. A request replaces the whole ban list, so it
 * includes the bans of other programs, and we only ever remove our own. After each change irqbalance places all other
 * interrupts again: so a list that is already in effect is not sent, and if irqbalance runs our policy script, only
 * IRQs are banned that irqbalance saw before the script listed them. Our bans are recorded in the runtime directory, so
 * that they are known to be ours after a crash.
 */
export class IrqbalanceBans {
  readonly #record: RuntimeFile;
  readonly #files: RealFs;
  /**
   * whether the irqbalance with this identity accepts lists longer than SHORT_LIST_LENGTH; learned from the bans that
   * it reports after such a list was sent
   */
  #longLists: { identity: string; areRead: boolean } | undefined;
  #last: Promise<unknown> = Promise.resolve();

  constructor(private readonly root = '') {
    this.#record = new RuntimeFile(root, 'irqbalance-bans');
    this.#files = new RealFs(root);
  }

  /** Bans exactly these IRQs. Never rejects; calls wait for each other. */
  set(irqs: ReadonlySet<number>): Promise<BanResult> {
    return this.#inTurn(irqs);
  }

  /** Removes all our bans and their record. */
  clear(): Promise<BanResult> {
    return this.#inTurn(new Set());
  }

  #inTurn(irqs: ReadonlySet<number>): Promise<BanResult> {
    const result = this.#last.then(() => this.#update(irqs));
    this.#last = result;
    return result;
  }

  async #update(irqs: ReadonlySet<number>): Promise<BanResult> {
    try {
      for (const socket of findIrqbalanceSockets(this.root)) {
        const unbanned = await this.#send(socket, irqs);
        if (unbanned) return { running: true, unbanned };
      }
      this.#record.remove();
      return { running: false, unbanned: [] };
    } catch (error) {
      const problem = `cannot send bans to irqbalance: ${error instanceof Error ? error.message : error}`;
      return { running: true, unbanned: [...irqs], problem };
    }
  }

  /**
   * @returns the IRQs that irqbalance may still move; undefined if no process listens: an irqbalance that was killed
   *   leaves its socket
   */
  async #send(socket: IrqbalanceSocket, irqs: ReadonlySet<number>): Promise<number[] | undefined> {
    const setup = await answerOf(socket, 'setup');
    if (setup === undefined) return undefined;
    const before = irqsOf(setup);
    const ours = this.#ours(socket);
    const others = [...before].filter((irq) => !ours.has(irq));
    const wanted = await this.#wanted(socket, irqs, ours, others);
    const known = this.#longLists?.identity === socket.identity ? this.#longLists.areRead : undefined;
    // a trial with a long list must not lose the bans of other programs
    const mayBeLong = known ?? textOf(others).length <= SHORT_LIST_LENGTH;
    let added = fitting(others, wanted, mayBeLong ? LONG_LIST_LENGTH : SHORT_LIST_LENGTH);
    const list = [...others, ...added];
    const isLong = textOf(list).length > SHORT_LIST_LENGTH;
    // if the bans of other programs alone are too long, any request would cut them
    if ((mayBeLong || !isLong) && !isSame(list, before)) {
      this.#save(socket, [...ours, ...added]);
      await askIrqbalance(socket, `${BAN}${textOf(list) || 'NONE'}`);
      if (isLong) {
        const banned = irqsOf(await askIrqbalance(socket, 'setup'));
        this.#longLists = { identity: socket.identity, areRead: list.every((irq) => banned.has(irq)) };
        added = added.filter((irq) => banned.has(irq));
      }
    }
    this.#save(socket, added);
    return wanted.filter((irq) => !added.includes(irq));
  }

  /**
   * The IRQs to ban by number. With our policy script, only those that we have already banned by number, or that
   * irqbalance moves in spite of the script.
   */
  async #wanted(socket: IrqbalanceSocket, irqs: ReadonlySet<number>, ours: Set<number>, others: number[]) {
    const needed = [...irqs].filter((irq) => irq > 0 && !others.includes(irq));
    if (!isOurPolicy(irqbalanceOf(this.#files, socket.pid).policyScript)) return needed;
    const moved = irqsOf(await askIrqbalance(socket, 'stats'));
    return needed.filter((irq) => ours.has(irq) || moved.has(irq));
  }

  /** The IRQs that we have banned in this irqbalance. */
  #ours({ identity }: IrqbalanceSocket): Set<number> {
    const [owner, ...irqs] = (this.#record.read() ?? '').split('\n').filter(Boolean);
    return new Set(owner === identity ? irqs.map(Number) : []);
  }

  #save({ identity }: IrqbalanceSocket, irqs: readonly number[]): void {
    if (irqs.length === 0) this.#record.remove();
    else this.#record.write([identity, ...irqs].map((line) => `${line}\n`).join(''));
  }
}

/** Undefined if no process listens. */
async function answerOf(socket: IrqbalanceSocket, request: string): Promise<string | undefined> {
  try {
    return await askIrqbalance(socket, request);
  } catch (error) {
    if (error instanceof FileError && ['ECONNREFUSED', 'ENOENT'].includes(error.code)) return undefined;
    throw error;
  }
}

/** The first IRQs that fit in a list of this length after the bans of other programs. */
function fitting(others: readonly number[], wanted: readonly number[], maxLength: number): number[] {
  const added: number[] = [];
  let length = others.join(' ').length;
  for (const irq of wanted) {
    length += `${irq}`.length + (length > 0 ? 1 : 0);
    if (length > maxLength) break;
    added.push(irq);
  }
  return added;
}

const isSame = (list: readonly number[], set: ReadonlySet<number>) =>
  list.length === set.size && list.every((irq) => set.has(irq));

/**
 * The numbers, padded with spaces where an irqbalance before 1.9.5 cuts the text: it then reads only the first ones,
 * each of them whole.
 */
function textOf(irqs: readonly number[]): string {
  const all = irqs.join(' ');
  if (all.length <= SHORT_LIST_LENGTH) return all;
  const end = all.lastIndexOf(' ', SHORT_LIST_LENGTH);
  return `${all.slice(0, end).padEnd(SHORT_LIST_LENGTH + 1)}${all.slice(end + 1)}`;
}
