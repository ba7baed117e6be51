import { createInterface } from 'node:readline/promises';

/** The answers, each with its meaning. */
export type Choices = Readonly<Record<string, string>>;

/**
 * Asks on the terminal until one of the answers is given; `?` explains them. Returns undefined after Ctrl-C or Ctrl-D.
 * Standard input and standard error must be terminals.
 */
export async function prompt(question: string, choices: Choices): Promise<string | undefined> {
  const reader = createInterface({ input: process.stdin, output: process.stderr });
  // readline handles Ctrl-C itself while it reads
  const aborted = new Promise<undefined>((resolve) => {
    reader.on('SIGINT', () => resolve(undefined)).on('close', () => resolve(undefined));
  });
  const letters = [...Object.keys(choices), '?'].join(',');
  try {
    for (;;) {
      const answer = await Promise.race([reader.question(`${question} [${letters}]: `), aborted]);
      const letter = answer?.trim().toLowerCase();
      if (letter === undefined || letter in choices) return letter;
      for (const [key, meaning] of Object.entries(choices)) process.stderr.write(`${key} - ${meaning}\n`);
    }
  } finally {
    reader.close();
  }
}
