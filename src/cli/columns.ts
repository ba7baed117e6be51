/** For a file or pipe, and for a terminal of unknown width, such as a serial console: as ls and systemctl do. */
const DEFAULT_COLUMNS = 80;

/** $COLUMNS, otherwise the terminal's columns, if it reports them (0: unknown), otherwise 80. */
export function columnsOf(env: Readonly<Record<string, string | undefined>>, terminal: number | undefined): number {
  const { COLUMNS = '' } = env;
  return (/^\d{1,5}$/.test(COLUMNS) && Number(COLUMNS)) || terminal || DEFAULT_COLUMNS;
}
