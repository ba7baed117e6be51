# What zsh offers when a line is typed and TAB pressed: capture.zsh FOLDER FILE LINE. FILE gets a line each, then "done".
# Messages of completion functions, such as "_arguments:7: bad option", go to standard error.
zmodload zsh/zpty
zpty shell zsh -f -i
send() { zpty -w shell "$1" }
send "PS1= fpath=(${(q)1} \$fpath); hits=${(q)2}; autoload -Uz compinit; compinit -u -d ${(q)2:h}/zcompdump"
send 'compadd() {
  local -a found options=("${@[1,(i)(-|--)]}")
  [[ "$options" == *-(O|A|D)(| )* ]] && { builtin compadd "$@"; return }
  builtin compadd -A found "$@"
  (($#found)) && print -rl -- $found >>$hits
  builtin compadd "$@"
}'
send "stop() { print done >>${(q)2} }; zle -N stop; bindkey '^X' stop; bindkey '^I' complete-word; setopt no_list_beep"
send "print ready >>${(q)2}"
until [[ -r $2 ]] && grep -q ready $2; do zpty -r -t shell line; sleep 0.02; done
zpty -w -n shell "$3"$'\t\x18'
integer left=500
screen=
until grep -q '^done$' $2 || ((--left == 0)); do zpty -r -t shell line && screen+=$line; sleep 0.02; done
while zpty -r -t shell line; do screen+=$line; done
print -r -- $screen | grep -E '_[a-z-]+:[0-9]+: ' >&2
zpty -d shell
