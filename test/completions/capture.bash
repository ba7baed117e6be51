# What bash would offer: capture.bash FILE WORD..., the words as COMP_WORDS has them. One line each.
source "$1"
shift
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
COMP_LINE="$*"
COMP_POINT=${#COMP_LINE}
read -r _ _ function _ <<<"$(complete -p "$1")"
"$function" "$1" "${COMP_WORDS[-1]}" "${COMP_WORDS[-2]}" 2>&1
((${#COMPREPLY[@]} == 0)) || printf '%s\n' "${COMPREPLY[@]}"
