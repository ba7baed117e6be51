import type { GuestSummary } from '../overview.js';
import { type Html, html } from './html.js';

/** A guest's state in a word; the style sheet adds a sign. */
export function guestState({ errors, warnings, remote, misplaced, contested, unreadable }: GuestSummary): Html {
  const [kind, word] = ((): [string, string] => {
    if (errors.length + unreadable > 0) return ['bad', 'problem'];
    if (misplaced > 0) return ['open', 'misplaced'];
    if (contested !== null && contested > 0) return ['open', 'contested'];
    if (remote > 0) return ['remote', 'remote'];
    return warnings.length > 0 ? ['open', 'warning'] : ['good', 'in place'];
  })();
  return html`<b class="${kind}">${word}</b>`;
}
