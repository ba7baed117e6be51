// Generates completions/ for bash, zsh and fish, with the file names that the shells expect. Needs dist/.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { describeCommands, describeLintDomain } from '../describe-commands.mjs';
import { bashCompletion } from './bash.mjs';
import { fishCompletion } from './fish.mjs';
import { zshCompletion } from './zsh.mjs';

export function buildCompletions() {
  const commands = describeCommands();
  rmSync('completions', { recursive: true, force: true });
  for (const shell of ['bash', 'zsh', 'fish']) mkdirSync(`completions/${shell}`, { recursive: true });
  writeFileSync('completions/bash/hostdev-cpuset', bashCompletion('hostdev-cpuset', commands));
  writeFileSync('completions/bash/lint-domain', bashCompletion('lint-domain', [describeLintDomain()]));
  writeFileSync('completions/zsh/_hostdev-cpuset', zshCompletion(commands));
  writeFileSync('completions/fish/hostdev-cpuset.fish', fishCompletion('hostdev-cpuset', commands));
  writeFileSync('completions/fish/lint-domain.fish', fishCompletion('lint-domain', [describeLintDomain()]));
}
