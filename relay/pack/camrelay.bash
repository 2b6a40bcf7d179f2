# bash completion for camrelay(1) and camrelayd(8)
_camrelay() {
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} options=
    local link="--url --dir --json --tls-ca --tls-insecure"
    if [ "$COMP_CWORD" -eq 1 ]; then
        mapfile -t COMPREPLY < <(compgen -W "send status list pending retry export-sent import-sent
            verify install-service --help --version" -- "$word")
        return
    fi
    case $before in
    --dir | --destdir) mapfile -t COMPREPLY < <(compgen -d -- "$word"); return ;;
    --user) mapfile -t COMPREPLY < <(compgen -u -- "$word"); return ;;
    esac
    case ${COMP_WORDS[1]} in
    send) options="--to --token --camera --parallel --tries --tls-ca --tls-insecure" ;;
    list) options="$link --limit" ;;
    pending) options="$link --limit --dead" ;;
    status | retry | export-sent | import-sent) options=$link ;;
    verify) options="--dir" ;;
    install-service) options="--user --dir --port --remote --destdir" ;;
    esac
    case $word in
    -*) mapfile -t COMPREPLY < <(compgen -W "$options" -- "$word") ;;
    *) mapfile -t COMPREPLY < <(compgen -f -- "$word") ;;
    esac
}
complete -F _camrelay camrelay
