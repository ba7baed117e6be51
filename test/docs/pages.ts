import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { marked, type Token, type Tokens } from 'marked';
import { projectRoot } from '../support/cli.js';

/** A fenced block, of those that a test runs or reads. */
export interface Block {
  /**
   * `console`: run as it stands. `console simulated [NAME]`: run where the host is that of samples/hosts/NAME.json
   * (else workstation). `console host`: not run, for it changes the host, or needs what a test has not. `js`: a
   * program. `text`: what the program before it prints.
   */
  kind: string;
  text: string;
  /** as in the file, fences included */
  raw: string;
}

export interface Page {
  /** relative to the project */
  path: string;
  text: string;
  blocks: Block[];
}

/** README.md, CONTRIBUTING.md and all of docs/. */
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
  /** what it prints, standard error included; a line `...` stands for any lines */
  output: string;
}

/**
 * `$ ` begins a command, `> ` goes on with it; what follows is its output. @throws Error at output before any command
 */
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

/** Whether a text is what a page says, elisions aside. */
export function matchesOutput(actual: string, expected: string): boolean {
  const literal = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const parts = expected.split(/^\.\.\.\n/m).map(literal);
  return new RegExp(`^${parts.join('(?:.*\\n)*')}$`).test(actual);
}

/**
 * The calls of our executables in a command: the program's name and its arguments, without what the shell takes for
 * itself.
 */
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
