// Completion for zsh: one function for both executables, for a directory of $fpath.
import { positionsOf, valueFor, wordsOf } from '../describe-commands.mjs';
import { flagsOf } from './bash.mjs';

/** @param {import('../describe-commands.mjs').Command[]} commands of hostdev-cpuset; `lint` also serves lint-domain */
export function zshCompletion(commands) {
  return `#compdef hostdev-cpuset lint-domain
# zsh completion for hostdev-cpuset and lint-domain

_hostdev-cpuset_domains() {
  local uri=\${(Q)opt_args[--connect]:-\${(Q)opt_args[-c]}}
  local -a names
  names=(\${(f)"$(_call_program domains timeout 3 virsh \${uri:+--connect=\${(q)uri}} list --all --name 2>/dev/null)"})
  _wanted domains expl domain compadd -a names
}

# The devices of the first word that is no option.
_hostdev-cpuset_devices() {
  local uri=\${(Q)opt_args[--connect]:-\${(Q)opt_args[-c]}} domain=\${(Q)line[1]}
  local -a names
  names=(\${\${(f)"$(_call_program devices timeout 3 hostdev-cpuset set --list \${uri:+--connect=\${(q)uri}} -- \${(q)domain} 2>/dev/null)"}%% *})
  _wanted devices expl device compadd -a names
}

_hostdev-cpuset_arguments() {
  case $1 in
${commands.map(ofCommand).join('\n')}
  esac
}

_hostdev-cpuset_main() {
  local curcontext=$curcontext state line
  local -A opt_args
  if [[ $service == lint-domain ]]; then
    _hostdev-cpuset_arguments lint
    return
  fi
  _arguments -C '(- *)'{-h,--help}'[show this help]' '(- *)'{-V,--version}'[show the version]' '1: :->command' '*:: :->words'
  case $state in
    command)
      local -a commands=(
${commands.map(({ name, about }) => `        ${quote(`${name}:${about.replace(/:/g, '\\:')}`)}`).join('\n')}
      )
      _describe -t commands command commands
      ;;
    words)
      curcontext=\${curcontext%:*:*}:hostdev-cpuset-$words[1]:
      _hostdev-cpuset_arguments $words[1]
      ;;
  esac
}

_hostdev-cpuset_main "$@"
`;
}

function ofCommand(command) {
  const specifications = [...command.options.map(specification), words(command)];
  return `    ${command.name})
      _arguments -s -S \\
${specifications.map((text) => `        ${text}`).join(' \\\n')}
      ;;`;
}

function specification(option) {
  const flags = flagsOf(option);
  const value = valueFor(option);
  const action = value ? `:${value.word}:${value.values ? `(${value.values.join(' ')})` : ACTIONS[value.kind]}` : '';
  const about = (option.describe ?? '').replace(/[[\]:]/g, '\\$&');
  // \`-c URI\` and \`--connect=URI\`: the value of a long option follows = or is the next word
  const of = (flag) => `${flag}${value && flag.startsWith('--') ? '=' : ''}[${about}]${action}`;
  const repeated = option.array ? '*' : '';
  const exclusive = option.array ? '' : `(${flags.join(' ')})`;
  return flags.map((flag) => quote(`${exclusive}${repeated}${of(flag)}`)).join(' ');
}

const XML = "_files -g '*.xml(-.)'";
const ACTIONS = {
  uri: '(qemu\\:///system qemu\\:///session test\\:///default)',
  domain: '_hostdev-cpuset_domains',
  folder: '_files -/',
  file: '_files',
};

const POSITIONS = {
  domain: 'domain:_hostdev-cpuset_domains',
  device: 'device:_hostdev-cpuset_devices',
  cpuset: 'cpuset:(auto native)',
  file: `file:${XML}`,
};

function words(command) {
  const positions = positionsOf(command);
  if (positions) return positions.map((kind, index) => quote(`${index + 1}:${POSITIONS[kind]}`)).join(' ');
  const kinds = wordsOf(command);
  const actions = { domain: 'domains:domain:_hostdev-cpuset_domains', file: `files:file:${XML}` };
  if (kinds.length === 2) {
    // after a space, _arguments adds no options of compadd, which _alternative would report as bad
    return quote(`*: : _alternative ${kinds.map((kind) => `"${actions[kind]}"`).join(' ')}`);
  }
  return quote(kinds[0] === 'domain' ? '*:domain:_hostdev-cpuset_domains' : `*:file:${XML}`);
}

/** Escapes text for zsh's single quotes. */
function quote(text) {
  return `'${text.replace(/'/g, "'\\''")}'`;
}
