import { type Page, readPages, stepsOf } from './pages.js';

/** The commands that install from a clone, as README.md states them: without comments. */
export const readmeInstallation = () => commandsOf('README.md').filter((command) => INSTALLS.test(command));

/** The same of the page about installation, without a dry run. */
export const docsInstallation = () =>
  commandsOf('docs/installing.md', 1).filter((command) => INSTALLS.test(command) && !command.includes('--dry-run'));

/** What README.md shows for a host that is set up, but for what needs a terminal. */
export const readmeUse = () =>
  commandsOf('README.md').filter(
    (command) => /^(?:hostdev-cpuset|journalctl) /.test(command) && !command.includes('--watch'),
  );

const INSTALLS = /^(?:npm ci$|sudo npm install |sudo hostdev-cpuset install)/;

/** The commands of a page's blocks that change or read a host. @param blocks only the first ones */
function commandsOf(path: string, blocks = Number.POSITIVE_INFINITY): string[] {
  const page = readPages().find((one) => one.path === path) as Page;
  const ofHost = page.blocks.filter(({ kind }) => kind === 'console host').slice(0, blocks);
  return ofHost.flatMap(stepsOf).map(({ command }) => command.replace(/\s+#.*$/, ''));
}
