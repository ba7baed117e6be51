/** ENODEV: an entry of sysfs went while it was open; ESRCH: a process whose entry in procfs was open has ended. */
const ABSENT = new Set(['ENOENT', 'ENOTDIR', 'ENODEV', 'ESRCH']);

/** The system's error code (ENOENT, ELOOP ...), EIO if the error has none. */
export function errnoOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? 'EIO';
}

/** Whether the code means that the file or process does not exist. */
export const isAbsent = (code: string) => ABSENT.has(code);

/** An error with a code and a `syscall`, like Node's own: it is reported in one line, without a stack. */
export function systemError(code: string, path: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${code}: ${path}`), { code, syscall: 'open' });
}
