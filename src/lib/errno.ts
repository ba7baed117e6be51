/** ENODEV is sysfs's word for what went while it was open, ESRCH procfs's for a process that ended. */
const ABSENT = new Set(['ENOENT', 'ENOTDIR', 'ENODEV', 'ESRCH']);

/** The system's name for what it met. */
export function errnoOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? 'EIO';
}

/** Whether it says that there is no such thing. */
export const isAbsent = (code: string) => ABSENT.has(code);
