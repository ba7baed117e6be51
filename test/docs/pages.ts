import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { marked, type Token, type Tokens } from 'marked';
import { projectRoot } from '../support/cli.js';

/** A fenced block of a kind that a test runs or reads. */
export interface Block {
  /**
   * `console`: run unchanged. `console simulated [NAME]`: run on the host of samples/hosts/NAME.json (default
   * workstation). `console host`: not run, as it changes the host or needs something that tests lack. `js`: a program.
   * `text`: the output of the program before it.
   */
  kind: string;
  text: string;
  /** as in the file, including the fences */
  raw: string;
}

export interface Page {
  /** relative to the project */
  path: string;
  text: string;
  blocks: Block[];
}

/** README.md, CONTRIBUTING.md and all files in docs/. */
export function readPages(): Page[] {
  const below = readdirSync(join(projectRoot, 'docs'), { recursive: true, encoding: 'utf8' });
  const docs = below.filter((name) => name.endsWith('.md')).map((name) => join('docs', name));
  return ['README.md', 'CONTRIBUTING.md', ...docs.sort()].map((path) => {
    const text = readFileSync(join(projectRoot, path), 'utf8');
    return { path, text, blocks: blocksOf(marked.lexer(text)) };
  });
}

function blocksOf(tokens: Token[]): Block[] {
  return tokens.flatMap((token) => {
    if (token.type === 'code') {
      const { lang, text, raw } = token as Tokens.Code;
      return [{ kind: lang ?? '', text, raw }];
    }
    const inside = token.type === 'list' ? (token as Tokens.List).items : (token as Tokens.Generic).tokens;
    return inside ? blocksOf(inside) : [];
  });
}

export interface Step {
  command: string;
  /** its output, including standard error; a line `...` stands for any lines */
  output: string;
}

/** `$ ` starts a command, `> ` continues it; other lines are its output. @throws Error at output before any command */
export function stepsOf({ text }: Block): Step[] {
  const steps: Step[] = [];
  for (const line of text.split('\n')) {
    const last = steps.at(-1);
    if (line.startsWith('$ ')) steps.push({ command: line.slice(2), output: '' });
    else if (!last) throw new Error(`no command before ${JSON.stringify(line)}`);
    else if (line.startsWith('> ') && last.output === '') last.command += `\n${line.slice(2)}`;
    else last.output += `${line}\n`;
  }
  return steps;
}

/** Whether the output equals the page's text, except for elided lines. */
export function matchesOutput(actual: string, expected: string): boolean {
  const literal = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const parts = expected.split(/^\.\.\.\n/m).map(literal);
  return new RegExp(`^${parts.join('(?:.*\\n)*')}$`).test(actual);
}

/** The calls of our executables in a command: program name and arguments, without shell syntax. */
export function callsIn(command: string): string[][] {
  return command
    .replace(/\\\n/g, ' ')
    .split(/\n|\|\|?|&&|;/)
    .map((part) => wordsOf(part).filter((word) => word !== 'sudo'))
    .filter(([program]) => program === 'hostdev-cpuset' || program === 'lint-domain');
}

function wordsOf(part: string): string[] {
  const words = part
    .replace(/(?<=^|\s)#.*$/, '')
    .replace(/\d?[<>]+\s*\S+/g, ' ')
    .match(/(?:"[^"]*"|'[^']*'|[^\s"'])+/g);
  return (words ?? []).map((word) => word.replace(/["']/g, ''));
}
