# shellcheck shell=bash disable=SC2034  # read by the modules beside this file
# Names, addresses and folders of the test cluster. Knows no commands.

NODE=node1
CLUSTER=mirrord-cluster # cluster, user and context of the admin kubeconfig; cgroup; folders

# The node's network namespace, and the veth that joins it to the caller's.
NODE_NETNS=mirrord-node
LINK=mirrord-node0 # the caller's end; the node's end is eth0
# 198.18.0.0/15 is reserved for benchmarks (RFC 2544): nobody's real network has it.
NODE_IP4=198.18.0.2 NODE_IP6=fd00:198:18::2
HOST_IP4=198.18.0.1 HOST_IP6=fd00:198:18::1
# Attached developer namespaces get 198.18.N.2/24 and fd00:198:18:N::2/64.
ATTACH_NET4=198.18 ATTACH_NET6=fd00:198:18

API_PORT=6443
SERVICE_CIDRS=10.96.0.0/16,fd00:10:96::/112
SERVICE_IP4=10.96.0.1 SERVICE_IP6=fd00:10:96::1
DNS_IP4=10.96.0.10 DNS_IP6=fd00:10:96::a
POD_CIDRS=10.244.0.0/16,fd00:10:244::/56
# What the controller manager cuts out of POD_CIDRS for the first and only node.
POD_NET4=10.244.0.0/24 POD_NET6=fd00:10:244::/64

RUN=/run/$CLUSTER         # sockets, pids, certificates, logs
DATA=/var/lib/$CLUSTER    # etcd, images, containers: too large for a tmpfs
LOCK=/run/$CLUSTER.lock
KUBECONFIG_FILE=$RUN/admin.conf
CONTAINERD_SOCKET=$RUN/containerd.sock

PAUSE_IMAGE=registry.k8s.io/pause:3.10
COREDNS_IMAGE=registry.k8s.io/coredns/coredns:v1.15.0
BUSYBOX_IMAGE=docker.io/library/busybox:1
NODE_IMAGE=docker.io/library/node:24-slim # the default of `agent.image`
NODE_IMAGE_MAJOR=24

# Under sudo HOME is root's (Debian's default), so this is root's cache unless said otherwise.
CACHE=${MIRRORD_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/mirrord}

# In start order; stopped in the reverse order.
COMPONENTS=(etcd apiserver controller-manager scheduler containerd kubelet proxy)
