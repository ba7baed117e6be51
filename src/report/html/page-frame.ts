import { Html, html } from './html.js';
import { STYLE } from './style.js';

/** No scripts and no network: injected HTML would have no effect. */
const CONTENT_SECURITY_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

interface Page {
  title: string;
  /** whose output this is */
  command: 'status' | 'report';
  /** link for keyboard users */
  skip: { to: string; text: string };
  /** below the title */
  about: Html;
  main: Html;
}

/** A self-contained page. */
export function document({ title, command, skip, about, main }: Page): string {
  return html`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${new Html(CONTENT_SECURITY_POLICY)}">
<meta name="referrer" content="no-referrer">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<style>${new Html(STYLE)}</style>
</head>
<body>
<a class="skip" href="${skip.to}">${skip.text}</a>
<header>
<p class="soft">hostdev-cpuset ${command}</p>
<h1>${title}</h1>
${about}</header>
<main>
${main}
</main>
</body>
</html>
`.text;
}

/**
 * A number with its label.
 * @param link to the list of what is counted
 */
export const tile = (kind: string, value: string, what: string, link?: string) =>
  html`<div class="tile ${kind}"><dt>${what}</dt><dd>${link === undefined ? value : html`<a href="${link}">${value}</a>`}</dd></div>`;
