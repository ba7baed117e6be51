import { createInterface } from 'node:readline/promises';

/** The answers, each with what it does. */
export type Choices = Readonly<Record<string, string>>;

/**
 * Asks on the terminal until one of the answers is given; `?` explains them. Undefined where the person leaves (Ctrl-C, Ctrl-D).
 * Only where standard input and standard error are a terminal.
 */
export async function ask(question: string, choices: Choices): Promise<string | undefined> {
  const reader = createInterface({ input: process.stdin, output: process.stderr });
  // readline takes Ctrl-C for itself while it reads.
  const left = new Promise<undefined>((resolve) => {
    reader.on('SIGINT', () => resolve(undefined)).on('close', () => resolve(undefined));
  });
  const letters = [...Object.keys(choices), '?'].join(',');
  try {
    for (;;) {
      const answer = await Promise.race([reader.question(`${question} [${letters}]: `), left]);
      const letter = answer?.trim().toLowerCase();
      if (letter === undefined || letter in choices) return letter;
      for (const [key, meaning] of Object.entries(choices)) process.stderr.write(`${key} - ${meaning}\n`);
    }
  } finally {
    reader.close();
  }
}
