import { readFileSync } from 'node:fs';

/** The oldest version of Node that package.json allows. */
export function oldestNode() {
  const { engines } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  const [, major, minor] = /^>=(\d+)\.(\d+)$/.exec(engines.node).map(Number);
  return { major, minor };
}

/** Ends this process with status 2 and one line if its Node is too old. */
export function requireSupportedNode() {
  const { major, minor } = oldestNode();
  const [ownMajor, ownMinor] = process.versions.node.split('.').map(Number);
  if (ownMajor > major || (ownMajor === major && ownMinor >= minor)) return;
  console.error(`hostdev-cpuset: needs Node ${major}.${minor} or later: ${process.execPath} is ${process.version}`);
  process.exit(2);
}
