import { closeSync, constants, fstatSync, lstatSync, openSync, readdirSync, type Stats } from 'node:fs';
import { connect } from 'node:net';
import { errnoOf, systemError } from '../lib/errno.js';
import { descriptorPath, O_PATH, type OpenFolder, using } from '../lib/open-folder.js';
import { walk } from '../lib/walk.js';
import { FileError } from './pseudo-fs.js';

const FOLDER = '/run/irqbalance';
const NAME = /^irqbalance[1-9]\d{0,9}\.sock$/;

/** irqbalance answers at once, except while it reads its statistics. */
const REQUEST_TIMEOUT_MS = 1000;
/** More than the statistics of the largest hosts need. */
const MAX_ANSWER_SIZE = 4 * 1024 * 1024;

/** The socket of a running irqbalance. */
export interface IrqbalanceSocket {
  root: string;
  /** name of its file in /run/irqbalance */
  name: string;
  pid: number;
  /** differs between two irqbalance processes that had the same pid */
  identity: string;
}

/**
 * irqbalance's sockets in /run/irqbalance below a root. Some may be left from an irqbalance that was killed. Links are
 * not followed, as they may lead to the host's irqbalance.
 */
export function findIrqbalanceSockets(root = ''): IrqbalanceSocket[] {
  try {
    return inFolder(root, (folder) =>
      readdirSync(folder.at('.'))
        .filter((name) => NAME.test(name))
        .flatMap((name) => {
          const stat = lstatSync(folder.at(name));
          if (!isOwnSocket(stat)) return [];
          const [pid = ''] = /\d+/.exec(name) ?? [];
          const identity = `${name} ${stat.ino} ${Math.floor(stat.ctimeMs)}`;
          return [{ root, name, pid: Number(pid), identity }];
        }),
    );
  } catch {
    return [];
  }
}

/** A hard link could be the socket of the host's irqbalance, too. */
const isOwnSocket = (stat: Stats) => stat.isSocket() && stat.nlink === 1;

/** Links on the path to the directory are resolved below the root. */
function inFolder<T>(root: string, action: (folder: OpenFolder) => T): T {
  const { folder } = walk(`${FOLDER}/`, { root: root || '/' });
  return using(folder, action);
}

/**
 * Opens a socket's file by descriptor: connect(2) by path would follow a link that another user puts in its place.
 * @throws the system's error; ENOTSOCK if it is not a socket
 */
function openSocket({ root, name }: IrqbalanceSocket): number {
  return inFolder(root, (folder) => {
    const fd = folder.in(name, (path) => openSync(path, O_PATH | constants.O_NOFOLLOW));
    if (isOwnSocket(fstatSync(fd))) return fd;
    closeSync(fd);
    throw systemError('ENOTSOCK', pathOf({ root, name }));
  });
}

const pathOf = ({ root, name }: Pick<IrqbalanceSocket, 'root' | 'name'>) => `${root}${FOLDER}/${name}`;

/**
 * Sends one request; each request needs its own connection.
 * @returns the answer; empty for a request that sets something
 * @throws FileError: ECONNREFUSED or ENOENT if no irqbalance listens, ETIMEDOUT if it does not answer
 */
export async function askIrqbalance(socket: IrqbalanceSocket, request: string): Promise<string> {
  let fd: number | undefined;
  try {
    fd = openSocket(socket);
    return await ask(descriptorPath(fd), pathOf(socket), request);
  } catch (error) {
    throw error instanceof FileError ? error : new FileError(errnoOf(error), pathOf(socket));
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

/** @param path for messages */
function ask(real: string, path: string, request: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const isSetting = request.startsWith('settings ');
    const parts: Buffer[] = [];
    let size = 0;
    const connection = connect(real);
    const finish = (code?: string) => {
      clearTimeout(timer);
      connection.destroy();
      if (code === undefined) resolve(Buffer.concat(parts).toString('latin1'));
      else reject(new FileError(code, path));
    };
    const timer = setTimeout(finish, REQUEST_TIMEOUT_MS, 'ETIMEDOUT');
    connection.on('error', (error: NodeJS.ErrnoException) => finish(errnoOf(error)));
    connection.on('data', (part: Buffer) => {
      size += part.length;
      if (size > MAX_ANSWER_SIZE) finish('EFBIG');
      else parts.push(part);
    });
    connection.on('close', () => finish());
    // some versions never close the connection after a request that sets something, so do not wait for that
    if (isSetting) connection.end(request, () => finish());
    else connection.write(request);
  });
}

/**
 * The IRQs in an answer: to `setup`, the IRQs that are banned by number; to `stats`, the IRQs that irqbalance moves.
 */
export function irqsOf(answer: string): Set<number> {
  return new Set([...answer.matchAll(/\bIRQ (\d{1,9})\b/g)].map(([, irq]) => Number(irq)));
}
