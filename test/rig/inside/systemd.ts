import { run } from './run.js';

export async function propertyOf(unit: string, name: string): Promise<string> {
  return (await run('systemctl', 'show', '--value', `--property=${name}`, unit)).trim();
}

/** Entries of a unit's journal, oldest first: field -> text. A repeated field is a list. */
export async function journalOf(unit: string): Promise<Record<string, unknown>[]> {
  const lines = await run('journalctl', '--quiet', '--output=json', `--unit=${unit}`);
  return lines
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}
