# shellcheck shell=bash
# The cluster's processes: how each is called, started, stopped, and told to be alive.
# $RUN/pids/NAME holds "PID START-TIME": a pid that was given to another process since
# has another start time.

words() { printf '%s\n' "$@"; }

# command_of COMPONENT: prints its command line, one word a line.
command_of() {
  local pki=$RUN/pki
  case $1 in
  etcd)
    # The data is thrown away with the cluster: no need to wait for the disk.
    words "$(program etcd)" --name "$NODE" --data-dir "$DATA/etcd" --unsafe-no-fsync \
      --listen-client-urls http://127.0.0.1:2379 --advertise-client-urls http://127.0.0.1:2379 \
      --listen-peer-urls http://127.0.0.1:2380 --initial-advertise-peer-urls http://127.0.0.1:2380 \
      --initial-cluster "$NODE=http://127.0.0.1:2380"
    ;;
  apiserver)
    words "$(program kube-apiserver)" --etcd-servers=http://127.0.0.1:2379 \
      --bind-address=:: --secure-port="$API_PORT" --advertise-address="$NODE_IP4" \
      --tls-cert-file="$pki/apiserver.crt" --tls-private-key-file="$pki/apiserver.key" \
      --client-ca-file="$pki/ca.crt" --authorization-mode=Node,RBAC \
      --enable-admission-plugins=NodeRestriction --allow-privileged \
      --service-cluster-ip-range="$SERVICE_CIDRS" \
      --service-account-issuer=https://kubernetes.default.svc.cluster.local \
      --service-account-key-file="$pki/service-accounts.key" \
      --service-account-signing-key-file="$pki/service-accounts.key" \
      --kubelet-client-certificate="$pki/kubelet-client.crt" \
      --kubelet-client-key="$pki/kubelet-client.key" \
      --kubelet-certificate-authority="$pki/ca.crt" \
      --kubelet-preferred-address-types=InternalIP
    ;;
  controller-manager)
    # At the default of 20 calls a second its start alone takes 5 s.
    words "$(program kube-controller-manager)" --kube-api-qps=500 --kube-api-burst=1000 \
      --kubeconfig="$RUN/controller-manager.conf" \
      --leader-elect=false --bind-address=127.0.0.1 --use-service-account-credentials \
      --service-account-private-key-file="$pki/service-accounts.key" --root-ca-file="$pki/ca.crt" \
      --allocate-node-cidrs --cluster-cidr="$POD_CIDRS" \
      --node-cidr-mask-size-ipv4=24 --node-cidr-mask-size-ipv6=64 \
      --service-cluster-ip-range="$SERVICE_CIDRS"
    ;;
  scheduler)
    words "$(program kube-scheduler)" --kubeconfig="$RUN/scheduler.conf" \
      --leader-elect=false --bind-address=127.0.0.1
    ;;
  containerd)
    words "$(command -v containerd)" --config "$RUN/containerd.toml"
    ;;
  kubelet)
    words "$(program kubelet)" --config="$RUN/kubelet.yaml" --kubeconfig="$RUN/kubelet.conf" \
      --hostname-override="$NODE" --node-ip="$NODE_IP4,$NODE_IP6" --root-dir="$DATA/kubelet"
    ;;
  proxy)
    # A namespace cannot set the machine's conntrack limits, hence the zeros.
    words "$(program kube-proxy)" --kubeconfig="$RUN/proxy.conf" --hostname-override="$NODE" \
      --proxy-mode=iptables --cluster-cidr="$POD_CIDRS" --conntrack-max-per-core=0 \
      --conntrack-tcp-timeout-established=0 --conntrack-tcp-timeout-close-wait=0
    ;;
  esac
}

health_of() {
  case $1 in
  etcd) in_node curl -sf -m 3 http://127.0.0.1:2379/health ;;
  apiserver) in_node curl -sfk -m 3 "https://127.0.0.1:$API_PORT/readyz" ;;
  controller-manager) in_node curl -sfk -m 3 https://127.0.0.1:10257/healthz ;;
  scheduler) in_node curl -sfk -m 3 https://127.0.0.1:10259/healthz ;;
  containerd) ctr --connect-timeout 3s -a "$CONTAINERD_SOCKET" version ;;
  kubelet) in_node curl -sf -m 3 http://127.0.0.1:10248/healthz ;;
  proxy) in_node curl -sf -m 3 http://127.0.0.1:10256/healthz ;;
  esac >/dev/null 2>&1
}

log_of() { echo "$RUN/log/$1.log"; }

# fill FILE: a template with its @NAME@s filled in.
fill() {
  local text name
  text=$(<"$1")
  for name in RUN DATA CLUSTER CONTAINERD_SOCKET PAUSE_IMAGE COREDNS_IMAGE DNS_IP4 DNS_IP6 POD_NET4 POD_NET6; do
    text=${text//"@$name@"/${!name}}
  done
  printf '%s\n' "$text"
}

write_configuration() {
  mkdir -p "$RUN"/{log,pids,cni} "$DATA"
  fill "$HERE/config/containerd.toml" >"$RUN/containerd.toml"
  fill "$HERE/config/kubelet.yaml" >"$RUN/kubelet.yaml"
  fill "$HERE/config/cni.conflist" >"$RUN/cni/10-$CLUSTER.conflist"
  : >"$RUN/resolv.conf"
}

# Field 22 of /proc/PID/stat, counted after the name, which may hold blanks.
start_time() {
  local stat pid=$1 tasks
  stat=$(cat "/proc/$pid/stat" 2>/dev/null) || return 1
  stat=${stat##*) }
  # shellcheck disable=SC2086
  set -- $stat
  # A killed process is a zombie while its other threads still end, and still hold its sockets.
  tasks=("/proc/$pid/task"/*)
  [[ $1 != Z || ${#tasks[@]} -gt 1 ]] && echo "${20}"
}

# pid_of COMPONENT: prints its pid, fails when it does not run.
pid_of() {
  local pid time
  read -r pid time 2>/dev/null <"$RUN/pids/$1" || return 1
  [ "$(start_time "$pid")" = "$time" ] && echo "$pid"
}

start_component() {
  local name=$1 command
  pid_of "$name" >/dev/null && return
  mapfile -t command < <(command_of "$name")
  # A clean environment: a proxy or a token of the caller's is not for the cluster.
  # setsid: the caller's Ctrl-C is not for it either. Fd 9 is the lock.
  env -i PATH="$PATH" HOME=/root setsid nsenter --net="/run/netns/$NODE_NETNS" -- "${command[@]}" \
    </dev/null >>"$(log_of "$name")" 2>&1 9>&- &
  echo "$! $(start_time $!)" >"$RUN/pids/$name"
  disown
}

# stop_component NAME [SIGNAL]: TERM, and KILL when that has not helped in 10 s.
stop_component() {
  local pid
  pid=$(pid_of "$1") || return 0
  kill "-${2:-TERM}" "$pid"
  kill -CONT "$pid" 2>/dev/null || true # one that is paused cannot hear
  if ! wait_for 10 stopped "$1"; then
    kill -KILL "$pid" 2>/dev/null || true
    wait_for 10 stopped "$1" || die "$1 (pid $pid) does not end, even when killed"
  fi
  rm -f "$RUN/pids/$1"
}

stopped() { ! pid_of "$1"; }

# await_component NAME: waits until it is well, or tells its last words.
await_component() {
  local deadline=$((SECONDS + 60))
  until health_of "$1"; do
    if ((SECONDS >= deadline)) || stopped "$1" >/dev/null; then
      last_lines "$(log_of "$1")" >&2
      die "$1 $(stopped "$1" >/dev/null && echo 'ended at its start' || echo 'is not healthy after 60 s')" \
        "The last lines of its log are above, all of it in $(log_of "$1")."
    fi
    sleep 0.1
  done
}

known_component() {
  [[ " ${COMPONENTS[*]} " == *" ${1:-} "* ]] ||
    die "no component \"${1:-}\"" "Say one of: ${COMPONENTS[*]}"
}
