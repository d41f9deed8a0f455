# shellcheck shell=bash
# Developer machines: network namespaces with a default route through the node, as a
# laptop has one through its router. They reach the node (API server), and nothing else:
# not the pods and services, which is the tool's work, and nothing outside this machine.
#
# $RUN/attached/NETNS holds "N INTERFACE MADE": subnet 198.18.N.0/24, the interface's name
# in the namespace, and whether the namespace was made here.

# attach NETNS [ADDRESS/24]
attach() {
  local netns=$1 address=${2:-} n made=no interface=eth0 record=$RUN/attached/$1
  if [ -e "$record" ]; then
    die "$netns is attached already" "\`scripts/cluster detach $netns\` takes it off."
  fi
  [ "$netns" != "$NODE_NETNS" ] || die "$netns is the node itself"
  mkdir -p "$RUN/attached"
  if [ -n "$address" ]; then
    if ! [[ $address =~ ^198\.18\.([0-9]{1,3})\.([0-9]{1,3})(/24)?$ ]] ||
      ((BASH_REMATCH[1] < 1 || BASH_REMATCH[1] > 254 || BASH_REMATCH[2] < 2 || BASH_REMATCH[2] > 254)); then
      die "cannot use the address $address" "A developer machine is at 198.18.N.M/24 with N in 1..254, M in 2..254."
    fi
    n=${BASH_REMATCH[1]}
    address=${address%/24}
    ! ip -n "$NODE_NETNS" link show dev "dev$n" >/dev/null 2>&1 || die "198.18.$n.0/24 is taken"
  else
    for n in {1..254}; do
      ip -n "$NODE_NETNS" link show dev "dev$n" >/dev/null 2>&1 || break
    done
    address=$ATTACH_NET4.$n.2
  fi

  if ! netns_exists "$netns"; then
    ip netns add "$netns"
    made=yes
  fi
  ! ip -n "$netns" link show dev eth0 >/dev/null 2>&1 || interface=cluster0
  echo "$n $interface $made" >"$record"

  # The rules of a machine that went without being detached outlive its interface.
  unconfine "dev$n"
  ip -n "$NODE_NETNS" link add "dev$n" type veth peer name "$interface" netns "$netns"
  ip -n "$NODE_NETNS" addr add "$ATTACH_NET4.$n.1/24" dev "dev$n"
  ip -n "$NODE_NETNS" addr add "$ATTACH_NET6:$n::1/64" dev "dev$n" nodad
  ip -n "$NODE_NETNS" link set "dev$n" up
  confine "dev$n"
  ip -n "$netns" link set lo up
  ip -n "$netns" addr add "$address/24" dev "$interface"
  ip -n "$netns" addr add "$ATTACH_NET6:$n::${address##*.}/64" dev "$interface" nodad
  ip -n "$netns" link set "$interface" up
  ip -n "$netns" route add default via "$ATTACH_NET4.$n.1"
  ip -n "$netns" -6 route add default via "$ATTACH_NET6:$n::1"
  echo "$netns $interface $address $ATTACH_NET6:$n::${address##*.}"
}

# What comes in from INTERFACE may reach this node's own addresses and is told
# "unreachable" otherwise. Without notrack, kube-proxy would lead it to a service's pod.
confine() {
  local family rules=("-i $1 ! -d $ATTACH_NET4.0.0/16" "-i $1 ! -d $ATTACH_NET6::/48")
  for family in 4 6; do
    # shellcheck disable=SC2086  # a rule is several words
    in_node "$( ((family == 4)) && echo iptables || echo ip6tables)" -w -t raw \
      -A PREROUTING ${rules[family == 6]} -j CT --notrack
    ip -n "$NODE_NETNS" "-$family" rule add iif "$1" priority 1000 unreachable
  done
}

unconfine() {
  local family rules=("-i $1 ! -d $ATTACH_NET4.0.0/16" "-i $1 ! -d $ATTACH_NET6::/48")
  for family in 4 6; do
    # shellcheck disable=SC2086
    in_node "$( ((family == 4)) && echo iptables || echo ip6tables)" -w -t raw \
      -D PREROUTING ${rules[family == 6]} -j CT --notrack 2>/dev/null || true
    ip -n "$NODE_NETNS" "-$family" rule del iif "$1" priority 1000 2>/dev/null || true
  done
}

# detach NETNS: harmless when it is not attached.
detach() {
  local netns=$1 n interface made record=$RUN/attached/$1
  [ -e "$record" ] || return 0
  read -r n interface made <"$record"
  if netns_exists "$NODE_NETNS"; then
    unconfine "dev$n"
    ip -n "$NODE_NETNS" link del "dev$n" 2>/dev/null || true
  fi
  if netns_exists "$netns"; then
    # Deleting a veth is asynchronous: the name must be free when this returns.
    wait_for 10 link_gone_in "$netns" "$interface" || true
    [ "$made" = no ] || ip netns del "$netns"
  fi
  rm -f "$record"
}

link_gone_in() { ! ip -n "$1" link show dev "$2"; }

detach_all() {
  local record
  for record in "$RUN"/attached/*; do
    [ ! -e "$record" ] || detach "${record##*/}"
  done
}
