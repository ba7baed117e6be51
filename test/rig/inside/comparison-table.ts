import type { Delivered } from './delivery-counts.js';

export interface Result {
  name: string;
  delivered: Delivered;
}

const HEAD = ['placed by', 'interrupts', "off the vCPUs' CPUs", "off the device's node", 'either'];

/** The results as text: numbers, and shares of what was delivered. */
export function comparisonTable(results: readonly Result[]): string {
  const rows = results.map(({ name, delivered: { all, offVcpus, offNode, either } }) => [
    ...[name, `${all}`, ...[offVcpus, offNode, either].map((part) => `${part} (${percent(part, all)})`)],
  ]);
  const table = [HEAD, ...rows];
  const widths = HEAD.map((_, column) => Math.max(...table.map((row) => row[column]?.length ?? 0)));
  const lines = table.map((row) =>
    row.map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0))),
  );
  return lines.map((cells) => `${cells.join('  ')}\n`).join('');
}

const percent = (part: number, whole: number) => `${((100 * part) / whole).toFixed(1)} %`;
