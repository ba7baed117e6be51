// Completion for bash: one file for each executable, as in /usr/share/bash-completion/completions.
import { positionsOf, valueFor, wordsOf } from '../describe-commands.mjs';

/**
 * @param {string} program
 * @param {import('../describe-commands.mjs').Command[]} commands the command of lint-domain has no name
 */
export function bashCompletion(program, commands) {
  const name = `_${program.replace(/-/g, '_')}`;
  const withCommand = commands.length > 1;
  return `# bash completion for ${program}

${HELPERS.replaceAll('__hostdev_cpuset', `_${name}`).replace('TAKING_VALUES', takingValues(commands))}
${name}() {
  local cur prev command=${withCommand ? "''" : program} uri='' domain='' position=0 options='' words='' kind=''
  local -a typed
  _${name}_words
  cur=\${typed[-1]}
  prev=\${typed[-2]-}
  # treat --option=value as one word
  if [[ $cur == --*=* ]]; then
    prev=\${cur%%=*}
    cur=\${cur#*=}
  fi
  _${name}_scan
  case $command in
${commands.map((command) => cases(withCommand ? command.name : program, command)).join('\n')}
    *)
      [[ $cur == -* ]] && options='-h --help -V --version' || words='${withCommand ? commands.map(({ name: word }) => word).join(' ') : ''}'
      ;;
  esac
  _${name}_answer
}
complete -F ${name} ${program}
`;
}

function cases(pattern, command) {
  const takingValues = command.options.filter(valueFor);
  const values = takingValues.map((option) => {
    const { values: listed, kind } = valueFor(option);
    return `        ${flagsOf(option).join(' | ')}) ${listed ? `words='${listed.join(' ')}' kind=word` : `kind=${kind}`} ;;`;
  });
  return `    ${pattern})
      options='${command.options.flatMap(flagsOf).join(' ')}'
      case $prev in
${values.map((line) => `${line}\n`).join('')}        *) ${wordsFor(command)} ;;
      esac
      ;;`;
}

/** What completes a positional argument: by its position, where a command has an order. */
function wordsFor(command) {
  const positions = positionsOf(command);
  if (!positions) return `kind='${wordsOf(command).join(' ')}'`;
  const one = (kind) => (kind === 'cpuset' ? "words='auto native' kind=word" : `kind=${kind}`);
  return `case $position in ${positions.map((kind, index) => `${index}) ${one(kind)} ;;`).join(' ')} esac`;
}

/** All options that take a value as the next word. */
function takingValues(commands) {
  const flags = commands.flatMap(({ options }) => options.filter(valueFor).flatMap(flagsOf));
  return [...new Set(flags)].filter((flag) => flag !== '-c' && flag !== '--connect').join(' | ');
}

export function flagsOf({ name, alias }) {
  return [...[alias ?? []].flat().map((letter) => (letter.length === 1 ? `-${letter}` : `--${letter}`)), `--${name}`];
}

const HELPERS = `# The words up to the cursor. bash splits at : and =, which URIs and --option=value contain.
__hostdev_cpuset_words() {
  local i word glue=''
  typed=()
  for ((i = 0; i <= COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    if [[ $word == [:=]* || $glue ]] && ((i > 1)); then typed[-1]+=$word; else typed+=("$word"); fi
    glue=''
    [[ $word == *[:=] ]] && glue=1
  done
}

# Finds the command, libvirt's URI and the first positional argument in the words before the cursor, and how many
# positional arguments there are.
__hostdev_cpuset_scan() {
  local i
  for ((i = 1; i < \${#typed[@]} - 1; i++)); do
    case \${typed[i]} in
      -c | --connect) uri=\${typed[++i]} ;;
      --connect=*) uri=\${typed[i]#*=} ;;
      TAKING_VALUES) ((++i)) ;;
      -*) ;;
      *)
        if [[ ! $command ]]; then
          command=\${typed[i]}
        else
          ((position++)) || domain=\${typed[i]}
        fi
        ;;
    esac
  done
  uri=\${uri#[\\"\\']}
  uri=\${uri%[\\"\\']}
}

# Names from virsh, one per line; nothing if virsh does not answer in time.
__hostdev_cpuset_domains() {
  timeout 3 virsh \${uri:+--connect="$uri"} list --all --name </dev/null 2>/dev/null
}

# The first word of each line: the name of a device. Quotes of the shell are removed from the domain's name.
__hostdev_cpuset_devices() {
  local plain=\${domain#[\\"\\']} name rest
  plain=\${plain%[\\"\\']}
  [[ $domain == "$plain" ]] && plain=\${plain//\\\\/}
  timeout 3 "\${typed[0]}" set --list \${uri:+--connect="$uri"} -- "$plain" </dev/null 2>/dev/null |
    while read -r name rest; do printf '%s\\n' "$name"; done
}

__hostdev_cpuset_answer() {
  local word what plain quoted
  # readline replaces the text after the last : or = of the word
  local before=\${cur%"\${cur##*[:=]}"}
  COMPREPLY=()
  if [[ $cur == -* && $kind != word ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$options" -- "$cur")
    return
  fi
  for what in \${kind:-word}; do
    case $what in
      word) mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur") ;;
      uri) mapfile -t COMPREPLY < <(compgen -W 'qemu:///system qemu:///session test:///default' -- "$cur") ;;
      domain)
        # inside quotes readline quotes itself
        plain=\${cur#[\\"\\']}
        [[ $cur == "$plain" ]] && plain=\${cur//\\\\/}
        while IFS= read -r word; do
          [[ $word && $word == "$plain"* ]] || continue
          if [[ $cur == [\\"\\']* ]]; then quoted=$word; else printf -v quoted %q "$word"; fi
          COMPREPLY+=("$quoted")
        done < <(__hostdev_cpuset_domains)
        ;;
      device) mapfile -t COMPREPLY < <(compgen -W "$(__hostdev_cpuset_devices)" -- "$cur") ;;
      folder)
        compopt -o filenames 2>/dev/null
        mapfile -t -O \${#COMPREPLY[@]} COMPREPLY < <(compgen -d -- "$cur")
        ;;
      file)
        # where files and domains are possible, a name with a space is a domain's and must be quoted here
        ((\${#COMPREPLY[@]})) || compopt -o filenames 2>/dev/null
        mapfile -t -O \${#COMPREPLY[@]} COMPREPLY < <(compgen -f -X '!*.xml' -- "$cur"; compgen -d -- "$cur")
        ;;
    esac
  done
  [[ $before ]] && COMPREPLY=("\${COMPREPLY[@]#"$before"}")
  return 0
}
`;
