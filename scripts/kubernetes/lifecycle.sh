# shellcheck shell=bash
# The cluster's life: the lock, up, down, and the faults that tests ask for.

# One change at a time. `down` removes the lock's file, so whoever waited for it looks
# again whether the file that he locked is still the one in place.
take_lock() {
  local told=no
  while true; do
    exec 9>>"$LOCK"
    if ! flock -n 9; then
      [ "$told" = yes ] || step "waiting for another scripts/cluster that is at work"
      told=yes
      flock 9
    fi
    [ "$LOCK" -ef /proc/self/fd/9 ] && return
    exec 9>&-
  done
}

was_started() { [ -e "$KUBECONFIG_FILE" ] && netns_exists "$NODE_NETNS"; }

must_be_up() {
  was_started || die "the cluster is not up" "\`scripts/cluster up\` starts it."
}

up() {
  if healthy; then
    step "the cluster is up"
    return
  fi
  install_packages
  mkdir -p "$CACHE"/{kubernetes,images}
  build_all
  make_images
  if remains; then
    if repair; then
      return
    fi
    step "the remains of an earlier cluster cannot be repaired; starting anew"
    take_down
  fi

  step "network namespace $NODE_NETNS, certificates"
  install -d -m 755 "$RUN" "$DATA"
  note_machine
  make_network
  make_cgroups
  write_configuration
  make_certificates

  step "etcd, containerd, API server"
  start_component etcd
  start_component containerd
  start_component apiserver
  await_component containerd
  await_component etcd
  await_component apiserver

  # The small ones, which the first pod needs, come first.
  load_image "$(pause_image)"
  load_image "$(coredns_image)"

  step "controller manager, scheduler, kubelet, kube-proxy"
  start_component controller-manager
  start_component scheduler
  start_component kubelet
  start_component proxy
  local manifest
  for manifest in "$HERE"/manifests/*.yaml; do
    # For a moment after its start the API server may lack the namespace kube-system.
    wait_for 10 apply "$manifest" || apply "$manifest" >/dev/null
  done
  load_image "$(busybox_image)"
  load_image "$(node_image)"
  finish_up
}

apply() { fill "$1" | kubectl apply -f -; }

# Waits until all is well; dies with the reason otherwise.
finish_up() {
  local name
  for name in "${COMPONENTS[@]}"; do
    await_component "$name"
  done
  step "waiting for the node and its DNS"
  if ! wait_for 90 node_and_dns_ready; then
    kubectl get nodes,pods -A -o wide >&2 || true
    kubectl get events -A --field-selector type=Warning >&2 || true
    die "the node or the cluster's DNS is not ready after 90 s" \
      "What the cluster says is above; $RUN/log has the components' logs." \
      "\`scripts/cluster down && scripts/cluster up\` starts anew."
  fi
  : >"$RUN/complete"
  step "the cluster is up: kubeconfig $KUBECONFIG_FILE"
}

node_and_dns_ready() { [ "$(node_state)" = ok ] && [ "$(dns_state)" = ok ]; }

# A cluster of which only some processes are missing or paused lives on, with all that is
# in it. Fails when there is too little left of it, or when its `up` never came to its end.
repair() {
  was_started && [ -e "$RUN/complete" ] || return 1
  local name began=()
  for name in "${COMPONENTS[@]}"; do
    case $(state_of "$name") in
    paused) resume "$name" && began+=("$name") ;;
    stopped) start_component "$name" && began+=("$name") ;;
    esac
  done
  step "repairing the cluster: ${began[*]:-no component} did not run"
  wait_for 60 healthy || return 1
  step "the cluster is up: kubeconfig $KUBECONFIG_FILE"
}

down() {
  if ! remains; then
    rm -f "$LOCK"
    step "the cluster is not up"
    return
  fi
  step "taking the cluster down"
  take_down
  rm -f "$LOCK"
  step "nothing is left but the build cache, $CACHE"
}

restart() {
  stop_component "$@"
  start_component "$1"
  await_component "$1"
}

pause() {
  local pid
  pid=$(pid_of "$1") || die "$1 does not run"
  kill -STOP "$pid"
}

resume() {
  local pid
  pid=$(pid_of "$1") || die "$1 does not run"
  kill -CONT "$pid"
}

# The log files themselves, not `kubectl logs`: they also hold what was asked before
# CoreDNS restarted, and can be read while the API server is away. Each line is headed by
# "TIME STREAM FLAG".
dns_log() {
  local files=("$DATA"/pod-logs/kube-system_coredns-*/coredns/*.log)
  [ -e "${files[0]}" ] || die "there is no log of the cluster's DNS yet"
  if [ "${1:-}" = --follow ]; then
    tail -q -n +1 -F "${files[@]}" 2>/dev/null | sed -u 's/^[^ ]* std[a-z]* [FP] //'
  else
    sed 's/^[^ ]* std[a-z]* [FP] //' "${files[@]}"
  fi
}
