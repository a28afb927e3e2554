# Completion of migratectl for bash. Jobs come from the journal; guests and hosts are typed.
_migratectl ()
{
  local cur prev verb='' journal=() i
  local common='--journal --json --quiet --help'
  local move="--from --to --peer-uri --migration-uri --disks-uri --listen-address --tls-name --kind --policy
    --target-downtime --max-downtime --deadline --bandwidth --transport --hand-over --allow
    --map --profile --rename --accept --set --disks --disk-copy --road --keep-source --shut-down"

  COMPREPLY=()
  cur=${COMP_WORDS[COMP_CWORD]}
  prev=${COMP_WORDS[COMP_CWORD-1]}
  for ((i = 1; i < COMP_CWORD; i++)); do
    case ${COMP_WORDS[i]} in
      --journal) journal=(--journal "${COMP_WORDS[i+1]}"); ((i++)) ;;
      check|plan|move|list|show|follow|cancel|retune|finish-now|pause|give-up|finalize|revert|chores|recover|help) [[ $verb ]] || verb=${COMP_WORDS[i]} ;;
    esac
  done
  case $prev in
    --policy)
      mapfile -t COMPREPLY < <(compgen -W 'default gentle fast must-finish' -f -- "$cur"); compopt -o filenames; return ;;
    --journal|--svg|--facts|--save-facts|--map|--profile|--checksums)
      mapfile -t COMPREPLY < <(compgen -f -- "$cur"); compopt -o filenames; return ;;
    --images)
      mapfile -t COMPREPLY < <(compgen -d -- "$cur"); compopt -o filenames; return ;;
    --disk-copy) mapfile -t COMPREPLY < <(compgen -W 'chain whole' -- "$cur"); return ;;
    --road) mapfile -t COMPREPLY < <(compgen -W 'auto mirror stream' -- "$cur"); return ;;
    --apply)
      mapfile -t COMPREPLY < <(compgen -W 'safe disruptive destructive' -- "$cur"); return ;;
    --accept) mapfile -t COMPREPLY < <(compgen -W 'block-device-unproven boot-file-missing bridge-missing chain-missing chain-renamed chain-unknown cpu-incompatible
        cpu-model-unknown cpu-not-migratable disk-cache disk-copy-unproven disk-left disk-named-otherwise disk-of-the-host
        disk-server-local
        disk-sharing-unproven filesystem-9p filter-missing host-device host-device-missing
        host-interface host-passthrough-differs huge-pages-short image-missing managed-save
        mediated-device memory-too-small network-device-missing network-inactive
        network-missing pool-missing port-group-missing scsi-device secret-missing
        space-short tpm-passthrough tpm-state-lost tpm-state-shared tpm-unknown tsc-frequency vdpa
        vhost-scsi video-vhost-user virtiofs' -- "$cur"); return ;;
    --chore) mapfile -t COMPREPLY < <(compgen -W 'clock trim announce' -- "$cur"); return ;;
    --kind) mapfile -t COMPREPLY < <(compgen -W 'auto live block cold suspend' -- "$cur"); return ;;
    --transport) mapfile -t COMPREPLY < <(compgen -W 'p2p direct tunnelled' -- "$cur"); return ;;
    --hand-over) mapfile -t COMPREPLY < <(compgen -W 'fast strict' -- "$cur"); return ;;
    --allow) mapfile -t COMPREPLY < <(compgen -W 'throttle postcopy pause' -- "$cur"); return ;;
    --set)
      mapfile -t COMPREPLY < <(compgen -S = -W 'transport hand-over confirm bandwidth link-speed target-downtime max-downtime allow
        postcopy-start throttle-initial throttle-increment connections
        compression compression-level compression-threads xbzrle-cache zero-copy
        tls resume-timeout postcopy-timeout deadline at-deadline memory-timeout
        disk-timeout call-timeout settle-timeout stall-timeout
        switchover-timeout at-stall poll-interval shadow hook-timeout
        fetch-timeout fence-timeout chores chore-timeout space-margin space-reserve disks
        disk-copy sync-writes road verify keep-source shut-down shutdown-timeout accept' -- "$cur")
      compopt -o nospace; return ;;
    --from|--to|--peer-uri|--migration-uri|--disks-uri|--listen-address|--tls-name|--target-downtime|--max-downtime|--deadline|\
    --bandwidth|--disks|--resize|--host|--keep|--fence-command|--fence-probe|--reset-stream-command) return ;;
  esac
  case $verb in
    '') mapfile -t COMPREPLY < <(compgen -W "check plan move list show follow cancel retune finish-now pause give-up
      finalize revert chores recover help
      --version
      $common" -- "$cur") ;;
    help) mapfile -t COMPREPLY < <(compgen -W 'check plan move list show follow
      cancel retune finish-now pause give-up finalize revert chores recover' -- "$cur") ;;
    check) mapfile -t COMPREPLY < <(compgen -W "$move --forecast --save-facts --facts --baseline $common" -- "$cur") ;;
    plan) mapfile -t COMPREPLY < <(compgen -W "$move --resize --images --checksums --xml $common" -- "$cur") ;;
    move) mapfile -t COMPREPLY < <(compgen -W "$move --resize --images --checksums $common" -- "$cur") ;;
    recover) mapfile -t COMPREPLY < <(compgen -W "--host --apply --keep --set
      --fence-command --fence-probe --reset-stream-command $common" -- "$cur") ;;
    list) mapfile -t COMPREPLY < <(compgen -W "--all $common" -- "$cur") ;;
    show|follow|cancel|retune|finish-now|pause|give-up|finalize|revert|chores)
      if [[ $cur == -* ]]; then
        [[ $verb == chores ]] && common+=' --chore'
        [[ $verb == revert ]] && common+=' --apply'
        [[ $verb == show ]] && common+=' --svg'
        mapfile -t COMPREPLY < <(compgen -W "$common" -- "$cur")
      else
        mapfile -t COMPREPLY < <(compgen -W "$(migratectl list --all --quiet "${journal[@]}" \
          2>/dev/null | awk 'NR > 1 { print $1 }')" -- "$cur")
      fi ;;
  esac
}
complete -F _migratectl migratectl
