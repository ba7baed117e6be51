/** Milliseconds before it is asked again, at first and at most. */
const PAUSES = { first: 1000, longest: 60_000 };

/** What libvirt did not answer: definitions of domains, by UUID, and who runs, by an empty name. It is asked again until it does. */
export class RetryQueue {
  readonly #questions = new Map<string, { pause: number; told: string }>();
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  /** @param again has all of it asked again */
  constructor(
    private readonly again: () => void,
    private readonly pauses = PAUSES,
  ) {}

  /** Domains whose definition is not known. */
  get domains(): string[] {
    return [...this.#questions.keys()].filter((question) => question !== '');
  }

  /** Whether that is to be told: when it fails again, for a domain may just have ended, and each reason once. */
  failed(question: string, reason: string): boolean {
    if (this.#closed) return false;
    const { first, longest } = this.pauses;
    const before = this.#questions.get(question);
    const pause = before ? Math.min(2 * before.pause, longest) : first;
    this.#questions.set(question, { pause, told: before ? reason : '' });
    clearTimeout(this.#timer);
    this.#timer = setTimeout(this.again, Math.min(...[...this.#questions.values()].map((one) => one.pause)));
    return before !== undefined && before.told !== reason;
  }

  /** It was, or nobody asks any more. */
  answered(question: string): void {
    this.#questions.delete(question);
  }

  /** From now on nothing is asked. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }
}
