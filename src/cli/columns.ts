/**
 * Of a file or pipe, and of a terminal that does not know its width, such as a serial console: as of ls and systemctl.
 */
const DEFAULT_COLUMNS = 80;

/** $COLUMNS, else those of the terminal, where it says how many (0: it does not know), else 80. */
export function columnsOf(env: Readonly<Record<string, string | undefined>>, terminal: number | undefined): number {
  const { COLUMNS = '' } = env;
  return (/^\d{1,5}$/.test(COLUMNS) && Number(COLUMNS)) || terminal || DEFAULT_COLUMNS;
}
