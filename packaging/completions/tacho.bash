# SPDX-License-Identifier: Apache-2.0
# Completion of tacho for bash: the program itself knows what a word can become.
_tacho() {
  local line=${COMP_LINE:0:COMP_POINT} last strip candidate
  local -a words
  read -ra words <<< "$line"
  [[ $line == *[[:space:]] ]] && words+=("")
  last=${words[-1]}
  # bash ends words at these characters and wants what comes behind them.
  strip=${last%"${last##*[=:@]}"}
  COMPREPLY=()
  while IFS= read -r candidate; do
    candidate=${candidate%%$'\t'*}
    case $candidate in
      :files) compopt -o default -o bashdefault ;;
      :programs) mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -c -- "$last") ;;
      *)
        [[ $candidate == *= ]] && compopt -o nospace
        COMPREPLY+=("${candidate#"$strip"}") ;;
    esac
  done < <("${words[0]}" complete -- "${words[@]:1}" 2> /dev/null)
}
complete -F _tacho tacho
