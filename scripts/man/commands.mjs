// The pages of section 1: of the executables, from the commands' own definitions.
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

/** docs/lint-configuration.md, without the examples that are run and what introduces them. */
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

A guest's vCPUs can be pinned to CPUs of the host; the interrupts of the PCI devices that are passed through to it cannot, by libvirt's means.
**hostdev-cpuset** takes an attribute \`cpuset\` on \`<hostdev>\` and \`<interface>\` in domain XML, with the values

| value | meaning |
| - | - |
| \`auto\` | the device's interrupts go to the CPUs that the guest's vCPUs are pinned to |
| a cpuset, such as \`4-7,^5\` | to those CPUs |
| \`native\` | where the kernel puts them |

libvirt does not keep the attribute: it is kept in the domain's metadata instead, see hostdev-cpuset-metadata(7).
\`plan\`, \`enforce\` and \`status\` tell with \`--json\` what others are to read; the schema is in the package.
`;

const CLOSING = `
### hook

The form in which libvirt's hook calls it: \`hostdev-cpuset hook NAME OPERATION SUBOPERATION EXTRA\`, with the domain's XML on standard input. It prints
nothing on standard output. It is not meant to be called by hand.

## Environment

| variable | meaning |
| - | - |
| \`LIBVIRT_SCHEMAS\` | the folder of libvirt's RELAX NG schemas, unless \`--schemas\` names it |
| \`NO_COLOR\` | if set and not empty: no colours on a terminal |

## Files

| file | what |
| - | - |
| \`/etc/hostdev-cpuset/config.json\` | the host's configuration: hostdev-cpuset-config(5) |
| \`/etc/libvirt/hooks/qemu.d/hostdev-cpuset\` | what libvirt runs, where the hook is installed: a stub that never changes |
| \`/etc/hostdev-cpuset/hook\`, \`/usr/lib/hostdev-cpuset/hook\` | the hook that the stub runs: of \`install\`, of a package |
| \`/run/hostdev-cpuset\` | what was written to which interrupt, a file a domain |
`;

const LINT = `
## Description

**lint-domain** reads definitions of libvirt's domains and reports what is wrong with them: that they are not well-formed, what libvirt's schema, extended by the
attribute \`cpuset\`, does not take, and what libvirt would take and do otherwise than it says. The rules are in hostdev-cpuset-rules(7).

A file \`.lint-domain.json\`, the nearest one upwards from each file, sets severities and adds rules of one's own; a comment
\`<!-- lint-domain-disable-next-line RULE -->\` disables a rule for the next line: see CONFIGURATION.

A finding is \`FILE:LINE:COLUMN: SEVERITY: TEXT [RULE]\`, the line with the place marked, and, where there is one, what would work. **hostdev-cpuset lint** is the
same program.
`;

const LINT_CLOSING = `
## Environment

| variable | meaning |
| - | - |
| \`LIBVIRT_SCHEMAS\` | the folder of libvirt's RELAX NG schemas, unless \`--schemas\` names it |
| \`NO_COLOR\` | if set and not empty: no colours on a terminal |
| \`GITHUB_WORKSPACE\` | what paths are relative to in the formats sarif and github |
`;
