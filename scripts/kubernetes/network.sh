# shellcheck shell=bash
# The node's network namespace and its link to the caller's. Nothing that happens in it
# can leave this machine: its default routes are "unreachable", whatever asks for them.

in_node() { nsenter --net="/run/netns/$NODE_NETNS" -- "$@"; }

netns_exists() { [ -e "/run/netns/$1" ]; }
link_gone() { ! ip link show dev "$1"; }

make_network() {
  local route
  # A veth goes some time after its namespace: wait for a leftover's end.
  ip link del "$LINK" 2>/dev/null || true
  wait_for 10 link_gone "$LINK" || die "the network link $LINK of an earlier cluster does not go away"
  route=$(ip -4 -o route show root 198.18.0.0/15 | head -n 1)
  [ -z "$route" ] || die "198.18.0.0/15 is in use on this machine: $route" \
    "The cluster's node lives at $NODE_IP4." "Remove that route and call again."

  [ -e /proc/sys/net/ipv6 ] || die "this machine has no IPv6" \
    "The cluster is dual stack." "Start the kernel without ipv6.disable=1."

  ip netns add "$NODE_NETNS"
  in_node sysctl -qw \
    net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 \
    net.ipv6.conf.all.disable_ipv6=0 net.ipv6.conf.default.disable_ipv6=0 \
    net.ipv6.conf.default.accept_ra=0 net.ipv6.conf.default.accept_dad=0 \
    net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.default.rp_filter=0
  # Tests make many unreachable calls, and each shall be answered.
  in_node sysctl -qw net.ipv4.icmp_ratelimit=0 net.ipv6.icmp.ratelimit=0
  # A service's answer between two pods on the bridge must pass conntrack on its way back.
  modprobe -qa br_netfilter overlay nf_conntrack 2>/dev/null || true
  in_node sysctl -qw net.bridge.bridge-nf-call-iptables=1 net.bridge.bridge-nf-call-ip6tables=1 ||
    die "this kernel has no br_netfilter" \
      "Without it a pod gets no answer from a service whose pod is on the same node." \
      "Load or build the module br_netfilter and call again."

  ip link add "$LINK" type veth peer name eth0 netns "$NODE_NETNS"
  ip addr add "$HOST_IP4/24" dev "$LINK"
  ip addr add "$HOST_IP6/64" dev "$LINK" nodad
  ip link set "$LINK" up
  ip -n "$NODE_NETNS" link set lo up
  ip -n "$NODE_NETNS" addr add "$NODE_IP4/24" dev eth0
  ip -n "$NODE_NETNS" addr add "$NODE_IP6/64" dev eth0 nodad
  ip -n "$NODE_NETNS" link set eth0 up
  ip -n "$NODE_NETNS" route add unreachable default
  ip -n "$NODE_NETNS" -6 route add unreachable default
  route_services
}

# Service addresses need some route, or a packet to one never gets as far as kube-proxy's
# rules: the node itself could call no service, and a service without pods would be
# "unreachable" instead of "refused". What kube-proxy leaves over (no such service) is
# refused here, behind its rules: they are put at the head of the chains.
route_services() {
  local chain
  ip -n "$NODE_NETNS" route add "${SERVICE_CIDRS%,*}" dev eth0
  ip -n "$NODE_NETNS" -6 route add "${SERVICE_CIDRS#*,}" dev eth0
  for chain in FORWARD OUTPUT; do
    in_node iptables -w -A "$chain" -d "${SERVICE_CIDRS%,*}" \
      -j REJECT --reject-with icmp-host-unreachable
    in_node ip6tables -w -A "$chain" -d "${SERVICE_CIDRS#*,}" \
      -j REJECT --reject-with icmp6-addr-unreachable
  done
}

remove_network() {
  ! netns_exists "$NODE_NETNS" || ip netns del "$NODE_NETNS"
  ip link del "$LINK" 2>/dev/null || true
  wait_for 10 link_gone "$LINK" || die "the network link $LINK does not go away"
}
