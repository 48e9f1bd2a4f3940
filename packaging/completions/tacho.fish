# SPDX-License-Identifier: Apache-2.0
# Completion of tacho for fish: the program itself knows what a word can become.
function __tacho_complete
    set -l words (commandline -opc)
    for line in ($words[1] complete -- $words[2..-1] (commandline -ct) 2> /dev/null)
        switch $line
            case :files
                __fish_complete_path (commandline -ct)
            case :programs
                __fish_complete_command
            case '*'
                echo $line
        end
    end
end
complete -c tacho -f -a '(__tacho_complete)'
