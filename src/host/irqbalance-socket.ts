import { readdirSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { FileError } from './pseudo-fs.js';

/** irqbalance answers at once, unless it is just reading its statistics. */
const REQUEST_TIMEOUT_MS = 1000;
/** More than the statistics of the largest hosts. */
const MAX_ANSWER_SIZE = 4 * 1024 * 1024;

/**
 * Characters of a ban list that every irqbalance reads: 1.9 reads some 480, later ones 255. A longer list is silently
 * cut, also in the middle of a number, which then bans another interrupt. (source: irqbalance, irqbalance.c; measured
 * with 1.9.2)
 */
export const MAX_BAN_LIST_LENGTH = 255;

/** The socket of a running irqbalance. */
export interface IrqbalanceSocket {
  path: string;
  pid: number;
  /** differs from that of an earlier irqbalance that had the same pid */
  identity: string;
}

/** irqbalance's sockets in a folder, usually /run/irqbalance. Some may be left from an irqbalance that was killed. */
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
 * Sends one request; each needs its own connection.
 * @returns the answer, empty for a setting
 * @throws FileError: ECONNREFUSED or ENOENT if no irqbalance listens, ETIMEDOUT if it does not answer
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
    const timer = setTimeout(finish, REQUEST_TIMEOUT_MS, 'ETIMEDOUT');
    connection.on('error', (error: NodeJS.ErrnoException) => finish(error.code ?? 'EIO'));
    connection.on('data', (part: Buffer) => {
      size += part.length;
      if (size > MAX_ANSWER_SIZE) finish('EFBIG');
      else parts.push(part);
    });
    connection.on('close', () => finish());
    // some versions never close the connection of a setting, so its answer is not waited for
    if (isSetting) connection.end(request, () => finish());
    else connection.write(request);
  });
}

/** The IRQs in an answer: to `setup` those that are banned by number, to `stats` those that irqbalance moves. */
export function irqsOf(answer: string): Set<number> {
  return new Set([...answer.matchAll(/\bIRQ (\d{1,9})\b/g)].map(([, irq]) => Number(irq)));
}
