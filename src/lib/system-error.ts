/** An error with the system's code (ENOENT, ELOOP ...), as Node's own have it. */
export function systemError(code: string, path: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${code}: ${path}`), { code });
}
