import { setFlagsFromString } from 'node:v8';

/** The first version of Node in which V8 has a second, small optimizing compiler. */
const WITH_SMALL_COMPILER = 22;

/**
 * Makes V8 use less memory in a process that runs for months and computes little. Its large compiler takes 6 MB, and
 * more time than it saves where there is a small one. The heap of new objects would grow to many times what is needed.
 * @param nodeVersion the version of this Node
 */
export function keepHeapSmall(nodeVersion: string): void {
  if (Number.parseInt(nodeVersion, 10) >= WITH_SMALL_COMPILER) setFlagsFromString('--no-opt');
  setFlagsFromString('--semi-space-growth-factor=1');
}
