import { readdirSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { FileError } from './pseudo-fs.js';

/** How long a request may take, in milliseconds: irqbalance answers at once, between two of its looks. */
const PATIENCE = 1000;
/** A setup or the statistics of the largest hosts. */
const LONGEST_ANSWER = 4 * 1024 * 1024;

/**
 * A list of interrupts that every irqbalance takes whole: later ones read 255 characters, 1.9 some 480. What is beyond is cut off without
 * a word, in the middle of a number, and the number that is left is banned. (source: irqbalance, irqbalance.c; measured with 1.9.2)
 */
export const LONGEST_LIST = 255;

/** The socket of a running irqbalance. */
export interface IrqbalanceSocket {
  path: string;
  pid: number;
  /** tells it from the one of another run, which may have got the same pid */
  identity: string;
}

/** Its sockets in a folder, usually /run/irqbalance; one of an irqbalance that was killed may be among them. */
export function findIrqbalanceSockets(folder: string): IrqbalanceSocket[] {
  try {
    return readdirSync(folder)
      .filter((name) => /^irqbalance[1-9]\d{0,9}\.sock$/.test(name))
      .map((name) => {
        const path = join(folder, name);
        const { ino, ctimeMs } = statSync(path);
        const pid = Number(/\d+/.exec(name)?.[0]);
        return { path, pid, identity: `${name} ${ino} ${Math.floor(ctimeMs)}` };
      });
  } catch {
    return [];
  }
}

/**
 * One request, for which irqbalance wants a connection of its own: its answer, empty for a setting.
 * @throws FileError: ECONNREFUSED or ENOENT where none listens, ETIMEDOUT where it does not answer
 */
export function askIrqbalance(path: string, request: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const isSetting = request.startsWith('settings ');
    const parts: Buffer[] = [];
    let size = 0;
    const connection = connect(path);
    const finish = (code?: string) => {
      clearTimeout(timer);
      connection.destroy();
      if (code === undefined) resolve(Buffer.concat(parts).toString('latin1'));
      else reject(new FileError(code, path));
    };
    const timer = setTimeout(finish, PATIENCE, 'ETIMEDOUT');
    connection.on('error', (error: NodeJS.ErrnoException) => finish(error.code ?? 'EIO'));
    connection.on('data', (part: Buffer) => {
      size += part.length;
      if (size > LONGEST_ANSWER) finish('EFBIG');
      else parts.push(part);
    });
    connection.on('close', () => finish());
    // Some versions never close the connection of a setting: it is theirs once the system has it.
    if (isSetting) connection.end(request, () => finish());
    else connection.write(request);
  });
}

/** The interrupts in an answer: of `setup` those that are banned by number, of `stats` those that it moves. */
export function irqsOf(answer: string): Set<number> {
  return new Set([...answer.matchAll(/\bIRQ (\d{1,9})\b/g)].map(([, irq]) => Number(irq)));
}
