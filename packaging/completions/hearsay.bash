# bash completion for hearsay. Topics and members come from the running daemon.

_hearsay()
{
    local cur prev words cword
    _init_completion -n : || return

    local verbs="status doctor members links ping tags connect disconnect publish subscribe events top
        key network config wait check reload leave version"
    local streams="--json --count --timeout --exec --exec-jobs --exec-timeout"

    case $prev in
        --socket)
            _filedir
            return
            ;;
        --color)
            mapfile -t COMPREPLY < <(compgen -W "auto always never" -- "$cur")
            return
            ;;
        --seed)
            _known_hosts_real -- "$cur"
            return
            ;;
        --timeout | --lifetime | --interval | --exec-timeout)
            mapfile -t COMPREPLY < <(compgen -W "5s 10s 30s 1min 5min" -- "$cur")
            return
            ;;
        --exec)
            mapfile -t COMPREPLY < <(compgen -c -- "$cur")
            return
            ;;
        --count | --members | --exec-jobs)
            return
            ;;
    esac

    # The verb, the word behind it, and the socket to ask.
    local i verb="" sub="" socket=()
    for ((i = 1; i < cword; i++)); do
        case ${words[i]} in
            --socket)
                socket=(--socket "${words[i + 1]}")
                ((i++))
                ;;
            --color) ((i++)) ;;
            -*) ;;
            *)
                if [[ -z $verb ]]; then
                    verb=${words[i]}
                elif [[ -z $sub ]]; then
                    sub=${words[i]}
                fi
                ;;
        esac
    done

    local choices=""
    case $verb in
        "") choices="$verbs --socket --color --version --help" ;;
        status | doctor | reload | version) choices="--json" ;;
        links) choices="--json" ;;
        members) choices="--json --watch" ;;
        top) choices="--interval --count --json" ;;
        ping)
            choices="--count --interval --json"
            [[ $sub ]] || choices+=" $(hearsay complete members "${socket[@]}" 2>/dev/null)"
            ;;
        tags)
            case $sub in
                "") choices="set remove --json" ;;
                remove) choices="--json $(hearsay complete tags "${socket[@]}" 2>/dev/null)" ;;
                *) choices="--json" ;;
            esac
            ;;
        connect) [[ $sub ]] || _known_hosts_real -- "$cur" ;;
        disconnect)
            [[ $sub ]] || choices=$(hearsay complete neighbours "${socket[@]}" 2>/dev/null)
            ;;
        publish)
            choices="--lines --lifetime --no-wait --json"
            [[ $sub ]] || choices+=" $(hearsay complete topics "${socket[@]}" 2>/dev/null)"
            ;;
        subscribe)
            choices="$streams --raw --lines $(hearsay complete topics "${socket[@]}" 2>/dev/null)"
            ;;
        events) choices=$streams ;;
        key)
            choices="--json"
            [[ $sub ]] || choices+=" show"
            ;;
        network)
            case $sub in
                "") choices="create open join token show leave rotate" ;;
                join) choices="--seed --json" ;;
                create | token | show) choices="--json" ;;
                rotate) choices="add promote finish --json" ;;
            esac
            ;;
        config)
            case $sub in
                "") choices="check show" ;;
                *)
                    choices="--json"
                    _filedir toml
                    ;;
            esac
            ;;
        wait) choices="--members --timeout" ;;
        check) choices="--members --json" ;;
    esac
    local found
    mapfile -t found < <(compgen -W "$choices" -- "$cur")
    COMPREPLY+=("${found[@]}")
    __ltrim_colon_completions "$cur"
} &&
    complete -F _hearsay hearsay
