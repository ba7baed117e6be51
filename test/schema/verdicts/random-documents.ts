import { randomNumbers } from '../../support/random.js';
import { goodSamples } from '../../support/samples.js';
import { casesOf } from '../cases.js';
import { mutant, wordsOf } from '../mutants.js';

/** Valid cases and samples with random changes; the same for the same seed. */
export function randomDocuments(seed: number, count: number): string[] {
  const documents = [...casesOf('valid').map((valid) => valid.text()), ...goodSamples().map(({ text }) => text)].filter(
    (text) => !/[\ufeff\r]/.test(text),
  );
  const words = wordsOf(documents);
  const random = randomNumbers(seed);
  return Array.from({ length: count }, () => {
    let text = documents[random(documents.length)] as string;
    do text = mutant(text, words, random);
    while (random(3) === 0);
    return text;
  });
}
