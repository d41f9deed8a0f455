# shellcheck shell=bash
# How the cluster is: one line per component, the node, and the cluster's DNS.

kubectl() { "$(program kubectl)" --kubeconfig="$KUBECONFIG_FILE" --request-timeout=10s "$@"; }

# state_of COMPONENT: ok, unhealthy, paused (by SIGSTOP), stopped.
state_of() {
  local pid
  if ! pid=$(pid_of "$1"); then
    echo stopped
  elif grep -q '^State:[[:space:]]*T' "/proc/$pid/status" 2>/dev/null; then
    echo paused
  elif health_of "$1"; then
    echo ok
  else
    echo unhealthy
  fi
}

node_state() {
  local ready
  ready=$(kubectl get node "$NODE" \
    -o 'jsonpath={.status.conditions[?(@.type=="Ready")].status}' 2>/dev/null) || ready=''
  case $ready in
  True) echo ok ;;
  '') echo unknown ;;
  *) echo unready ;;
  esac
}

dns_state() {
  local ready
  ready=$(kubectl -n kube-system get deployment coredns \
    -o 'jsonpath={.status.readyReplicas}' 2>/dev/null) || ready=''
  case $ready in
  '' | 0) echo unready ;;
  *) echo ok ;;
  esac
}

# status [--json]: succeeds only when everything is well.
# shellcheck disable=SC2120
status() {
  local json=no name state pid healthy=yes rows=()
  [ "${1:-}" != --json ] || json=yes
  for name in "${COMPONENTS[@]}"; do
    rows+=("$name $(pid_of "$name" || echo -) $(state_of "$name")")
  done
  # Without an API server both would only wait for their time-out.
  if [[ ${rows[1]} == *' ok' ]]; then
    rows+=("node - $(node_state)" "dns - $(dns_state)")
  else
    rows+=("node - unknown" "dns - unknown")
  fi
  for state in "${rows[@]}"; do
    [[ $state == *' ok' ]] || healthy=no
  done
  if [ "$json" = yes ]; then
    local list=''
    for state in "${rows[@]}"; do
      read -r name pid state <<<"$state"
      list+=${list:+,}"{\"name\":\"$name\",\"pid\":${pid/#-/null},\"state\":\"$state\"}"
    done
    echo "{\"healthy\":$([ "$healthy" = yes ] && echo true || echo false),\"components\":[$list]}"
  else
    printf '%-20s %8s  %s\n' COMPONENT PID STATE
    for state in "${rows[@]}"; do
      # shellcheck disable=SC2086
      printf '%-20s %8s  %s\n' $state
    done
  fi
  [ "$healthy" = yes ]
}

# shellcheck disable=SC2119
healthy() { [ -e "$RUN/complete" ] && status >/dev/null; }
