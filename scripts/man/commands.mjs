// Section 1: the executables, from the definitions of the commands.
import { readFileSync } from 'node:fs';
import { describeCommands, describeLintDomain, valueFor } from '../describe-commands.mjs';
import { block, bold, escapeText, fromMarkdown, tagged } from './roff.mjs';

export function hostdevCpusetPage() {
  const commands = describeCommands();
  return {
    name: 'hostdev-cpuset',
    section: 1,
    about: "CPU placement for the interrupts of libvirt's passed-through PCI devices",
    body: [
      '.SH SYNOPSIS\n',
      ...commands.map((command) => synopsis('hostdev-cpuset', command)),
      fromMarkdown(DESCRIPTION),
      '.SH COMMANDS\n',
      ...commands.map((command) => `.SS ${command.synopsis.split(' ')[0]}\n${describe(command)}`),
      fromMarkdown(CLOSING),
    ].join(''),
    seeAlso: [
      'lint-domain(1)',
      'hostdev-cpuset-config(5)',
      'hostdev-cpuset-metadata(7)',
      'hostdev-cpuset-rules(7)',
      'virsh(1)',
    ],
  };
}

export function lintDomainPage() {
  const command = describeLintDomain();
  return {
    name: 'lint-domain',
    section: 1,
    about: "check libvirt's domain XML",
    body: `.SH SYNOPSIS\n${synopsis('lint-domain', command)}${fromMarkdown(LINT)}.SH OPTIONS\n${describe(command, { inOwnSections: true })}${configuration()}${fromMarkdown(LINT_CLOSING)}`,
    seeAlso: ['hostdev-cpuset(1)', 'hostdev-cpuset-rules(7)', 'xmllint(1)', 'virt-xml-validate(1)'],
  };
}

/** docs/lint-configuration.md, without console examples and the paragraphs that introduce them. */
function configuration() {
  const page = readFileSync('docs/lint-configuration.md', 'utf8');
  const text = page.replace(/(?:^.+\n)+\n```console[\s\S]*?```\n/gm, '');
  return fromMarkdown(text.replace(/^## /gm, '### ').replace(/^# .*/, '## Configuration'));
}

function synopsis(program, { synopsis: words }) {
  const [first = '', ...rest] = words.split(' ');
  const typed = /^[a-z]/.test(first) ? `${bold(`${program} ${first}`)} ` : `${bold(program)} ${escapeText(first)} `;
  return `.PP\n${typed}${rest.map((word) => (/^[[(]?-/.test(word) ? bold(word) : `\\fI${escapeText(word)}\\fR`)).join(' ')}\n`;
}

function describe({ about, notes, options, examples, epilogue }, { inOwnSections = false } = {}) {
  const of = (heading) => (inOwnSections ? `.SH ${heading}\n` : '');
  return [
    inOwnSections ? '' : `.PP\n${escapeText(about)}.\n`,
    ...notes.map((note) => `.PP\n${escapeText(note)}.\n`),
    ...options.map((option) => tagged(flags(option), `${escapeText(option.describe ?? '')}.${choices(option)}`)),
    examples.length > 0 && inOwnSections ? of('EXAMPLES') : '',
    ...examples.map(([call, why]) => `.PP\n${escapeText(why ?? '')}:\n${block([call])}`),
    epilogue ? `${of('EXIT STATUS')}.PP\n${escapeText(epilogue)}\n` : '',
  ].join('');
}

function flags(option) {
  const { name, alias } = option;
  const value = valueFor(option);
  const names = [
    ...[alias ?? []].flat().map((letter) => (letter.length === 1 ? `-${letter}` : `--${letter}`)),
    `--${name}`,
  ];
  return names.map(bold).join(', ') + (value ? ` \\fI${value.word}\\fR` : '');
}

function choices({ choices: values }) {
  return values ? ` One of ${values.map(bold).join(', ')}.` : '';
}

const DESCRIPTION = `
## Description

libvirt can pin a guest's vCPUs to host CPUs, but not the interrupts of the PCI devices passed through to the guest.
**hostdev-cpuset** supports an attribute \`cpuset\` on \`<hostdev>\` and \`<interface>\` in domain XML, with these values:

| value | meaning |
| - | - |
| \`auto\` | the device's interrupts go to the CPUs that the guest's vCPUs may run on |
| a cpuset, such as \`4-7,^5\` | to these CPUs |
| \`native\` | wherever the kernel puts them |

libvirt drops the attribute, so it is stored in the domain's metadata: see hostdev-cpuset-metadata(7).
The package contains JSON Schemas of the output of \`--json\`.
`;

const CLOSING = `
### hook

Called by the libvirt hook, not for interactive use: \`hostdev-cpuset hook NAME OPERATION SUBOPERATION EXTRA\`, with the domain's XML on standard input.
It prints nothing to standard output.

## Environment

| variable | meaning |
| - | - |
| \`LIBVIRT_SCHEMAS\` | directory of libvirt's RELAX NG schemas; \`--schemas\` takes precedence |
| \`NO_COLOR\` | if set and not empty: no colors on a terminal |
| \`COLUMNS\` | width of text for people; takes precedence over that of the terminal |

## Files

| file | what |
| - | - |
| \`/etc/hostdev-cpuset/config.json\` | the host's configuration: hostdev-cpuset-config(5) |
| \`/etc/libvirt/hooks/qemu.d/hostdev-cpuset\` | the stub that libvirt runs, if the hook is installed |
| \`/etc/hostdev-cpuset/hook\`, \`/usr/lib/hostdev-cpuset/hook\` | the hook that the stub runs, from \`install\` or from a package |
| \`/run/hostdev-cpuset\` | runtime directory: what was written to which interrupt, the watcher's state |
`;

const LINT = `
## Description

**lint-domain** checks definitions of libvirt domains. It reports XML that is not well-formed, errors against libvirt's schema extended by the
attribute \`cpuset\`, and definitions that libvirt accepts but does not follow. The rules are in hostdev-cpuset-rules(7).

The nearest file \`.lint-domain.json\` upwards from each file sets severities and adds custom rules. A comment
\`<!-- lint-domain-disable-next-line RULE -->\` disables a rule for the next line. See CONFIGURATION.

A finding has the form \`FILE:LINE:COLUMN: SEVERITY: TEXT [RULE]\`, followed by the marked source line and, if known, a fix. **hostdev-cpuset lint** is
the same command.
`;

const LINT_CLOSING = `
## Environment

| variable | meaning |
| - | - |
| \`LIBVIRT_SCHEMAS\` | directory of libvirt's RELAX NG schemas; \`--schemas\` takes precedence |
| \`NO_COLOR\` | if set and not empty: no colors on a terminal |
| \`GITHUB_WORKSPACE\` | base directory of paths in the formats sarif and github |
`;
