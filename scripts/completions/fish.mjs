// Completion for fish: one file for each executable, as in /usr/share/fish/vendor_completions.d.
import { positionsOf, valueFor, wordsOf } from '../describe-commands.mjs';
import { flagsOf } from './bash.mjs';

/**
 * @param {string} program
 * @param {import('../describe-commands.mjs').Command[]} commands the command of lint-domain has no name
 */
export function fishCompletion(program, commands) {
  const name = `__${program.replace(/-/g, '_')}`;
  const isAlone = commands.length === 1;
  const lines = commands.flatMap((command) => {
    const at = (position) => (isAlone ? '' : ` -n ${quote(`${name}_at ${[command.name, ...position].join(' ')}`)}`);
    const start = (...position) => `complete -c ${program}${at(position)}`;
    return [
      ...command.options.map((option) => `${start()} ${specification(option, name)}`),
      ...words(command, name).map(({ position = [], offer }) => `${start(...position)} -a ${quote(offer)}`),
    ];
  });
  const names = commands.map(
    ({ name: word, about }) => `complete -c ${program} -n ${quote(`${name}_at`)} -a ${word} -d ${quote(about)}`,
  );
  const common = ['-s h -l help -d "show this help"', '-s V -l version -d "show the version"'];
  const atFirst = common.map((text) => `complete -c ${program} -n ${quote(`${name}_at`)} ${text}`);
  return `# fish completion for ${program}

${HELPERS.replaceAll('__hostdev_cpuset', name).replace('TAKING_VALUES', takingValues(commands)).replace('PROGRAM', program)}
complete -c ${program} -f
${[...(isAlone ? [] : [...names, ...atFirst]), ...lines].join('\n')}
`;
}

function specification(option, name) {
  const flags = flagsOf(option).map((flag) => (flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`));
  const value = valueFor(option);
  const offer = value?.values ? value.values.join(' ') : VALUES[value?.kind]?.(name);
  const values = value ? ['-x', ...(offer ? [`-a ${quote(offer)}`] : [])] : [];
  return [...flags, ...values, `-d ${quote(option.describe ?? '')}`].join(' ');
}

const VALUES = {
  uri: () => 'qemu:///system qemu:///session test:///default',
  domain: (name) => `(${name}_domains)`,
  folder: () => '(__fish_complete_directories (commandline -ct))',
  file: () => '(__fish_complete_path (commandline -ct))',
};

const POSITIONS = {
  domain: (name) => `(${name}_domains)`,
  device: (name) => `(${name}_devices)`,
  cpuset: () => 'auto native',
  file: (name) => `(${name}_xml)`,
};

/** What completes the positional arguments: by their position, where a command has an order. */
function words(command, name) {
  const positions = positionsOf(command);
  if (positions) return positions.map((kind, index) => ({ position: [index], offer: POSITIONS[kind](name) }));
  return wordsOf(command).map((kind) => ({ offer: POSITIONS[kind](name) }));
}

/** All options that take a value as the next word. */
function takingValues(commands) {
  const flags = commands.flatMap(({ options }) => options.filter(valueFor).flatMap(flagsOf));
  return [...new Set(flags)].filter((flag) => flag !== '-c' && flag !== '--connect').join(' ');
}

/** Escapes text for fish's single quotes. */
function quote(text) {
  return `'${text.replace(/[\\']/g, '\\$&')}'`;
}

const HELPERS = `# The command and its positional arguments before the cursor, one a line.
function __hostdev_cpuset_words
    set -l is_value no
    for word in (commandline -opc)[2..]
        if test $is_value = yes
            set is_value no
            continue
        end
        switch $word
            case -c --connect
                set is_value yes
            case '-*'
                contains -- $word TAKING_VALUES; and set is_value yes
            case '*'
                printf '%s\\n' $word
        end
    end
end

# True for this command, and this number of positional arguments before the cursor; without arguments: before a command.
function __hostdev_cpuset_at
    set -l words (__hostdev_cpuset_words)
    test "$words[1]" = "$argv[1]"; or return
    test (count $argv) -lt 2; or test (count $words) -eq (math $argv[2] + 1)
end

# The option with libvirt's URI, if it is given.
function __hostdev_cpuset_connect
    set -l typed (commandline -opc)
    for index in (seq (count $typed))
        switch $typed[$index]
            case -c --connect
                printf '%s\\n' --connect=$typed[(math $index + 1)]
            case '--connect=*'
                printf '%s\\n' $typed[$index]
        end
    end
end

# Names from virsh; nothing if virsh does not answer in time.
function __hostdev_cpuset_domains
    timeout 3 virsh (__hostdev_cpuset_connect) list --all --name </dev/null 2>/dev/null | string match -rv '^$'
end

# The devices of the domain that was typed.
function __hostdev_cpuset_devices
    set -l words (__hostdev_cpuset_words)
    timeout 3 PROGRAM set --list (__hostdev_cpuset_connect) -- $words[2] </dev/null 2>/dev/null | string replace -r ' .*' ''
end

# Directories, and files that end in .xml.
function __hostdev_cpuset_xml
    __fish_complete_path (commandline -ct) | string match -r '^[^\\t]*(?:/|\\.xml)(?:\\t.*)?$'
end
`;
