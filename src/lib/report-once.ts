/**
 * Remembers the last report about each subject, so that the same text is reported once until it changes or the problem
 * ends.
 */
export class ReportOnce<Subject = string> {
  readonly #reported = new Map<Subject, string>();

  /** True if this text is new for the subject. undefined: the problem has ended. */
  isNew(subject: Subject, text: string | undefined): boolean {
    const before = this.#reported.get(subject);
    if (text === undefined) this.#reported.delete(subject);
    else this.#reported.set(subject, text);
    return text !== undefined && text !== before;
  }

  /** Whether a problem was reported that has not ended. */
  has(subject: Subject): boolean {
    return this.#reported.has(subject);
  }

  /** The problem has ended. */
  clear(subject: Subject): void {
    this.#reported.delete(subject);
  }
}
