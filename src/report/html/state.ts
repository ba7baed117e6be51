import type { GuestSummary } from '../overview.js';
import { type Html, html } from './html.js';

/** A word and a sign, as colours alone are not seen by everybody. */
export function guestState(guest: GuestSummary): Html {
  const { errors, warnings, remote, misplaced, contested, unreadable } = guest;
  const [kind, sign, word]: [string, string, string] =
    errors.length + unreadable > 0
      ? ['bad', '✕', 'problem']
      : misplaced > 0
        ? ['open', '→', 'misplaced']
        : contested > 0
          ? ['open', '⇄', 'contested']
          : remote + warnings.length > 0
            ? ['remote', '!', 'to look at']
            : ['good', '✓', 'in place'];
  return html`<span class="state ${kind}"><span aria-hidden="true">${sign} </span>${word}</span>`;
}
