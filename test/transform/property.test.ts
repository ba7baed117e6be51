import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { expand } from '../../src/transform/expand.js';
import { normalize } from '../../src/transform/normalize.js';
import { domainText } from '../support/domain-texts.js';
import { define, roundTrip } from '../support/round-trip.js';

const any = suite('normalize and expand with random domains');

any('policies and all other bytes are preserved, and a second run changes nothing', () => {
  fc.assert(
    fc.property(
      domainText(false),
      fc.constantFrom(undefined, undefined, 'auto' as const, 'native' as const),
      (text, standard) => {
        roundTrip(text, standard);
      },
    ),
    { numRuns: 1200 },
  );
});

any('a domain without redundancy is restored byte by byte', () => {
  fc.assert(
    fc.property(domainText(true), (text) => {
      assert.is(roundTrip(text).expanded, text);
    }),
    { numRuns: 1200 },
  );
});

any('expand alone is idempotent and preserves what normalize produces', () => {
  fc.assert(
    fc.property(domainText(false), (text) => {
      const expanded = expand(define(text));
      assert.is(expand(define(expanded)), expanded);
      assert.is(normalize(define(normalize(define(expanded)))), normalize(define(expanded)));
    }),
    { numRuns: 400 },
  );
});

any.run();
