# shellcheck shell=sh
# The first process of the developer machine, in its own network and mount namespaces: a private /etc and /run, so that
# nothing that happens there reaches the real ones.  Arguments: STATE_FOLDER CHECKOUT CLUSTER_NAMESPACE NAME_SERVER
set -eu
state=$1 checkout=$2 cluster=$3 name_server=$4
. "$checkout/scripts/sandbox/open-way.sh"

mkdir -p "$state/fs"
mount -t tmpfs tmpfs "$state/fs"
mkdir "$state/fs/etc" "$state/fs/etc-work" "$state/fs/run" "$state/fs/run/netns" "$state/fs/run/checkout" "$state/fs/run/home"

mount -t overlay overlay -o "lowerdir=/etc,upperdir=$state/fs/etc,workdir=$state/fs/etc-work" /etc
rm -f /etc/resolv.conf
[ -e /etc/hosts ] || echo '127.0.0.1 localhost' >/etc/hosts
printf 'nameserver %s\n' "$name_server" >/etc/resolv.conf
sed -i 's/^hosts:.*/hosts: files dns/' /etc/nsswitch.conf
echo 'developer:x:4242:4242::/run/home:/bin/sh' >>/etc/passwd
echo 'developer:x:4242:' >>/etc/group
mkdir -p "/etc/netns/$cluster"
cat >"/etc/netns/$cluster/resolv.conf"

mount --rbind /run/netns "$state/fs/run/netns"
mount --bind "$checkout" "$state/fs/run/checkout"
chown 4242:4242 "$state/fs/run/home"

open_way "$(dirname "$checkout")" "$state/fs"
mount -t sysfs sysfs /sys
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mount --rbind "$state/fs/run" /run

# No wait for duplicate address detection: nothing changes by itself later.
echo 0 >/proc/sys/net/ipv6/conf/default/accept_dad

echo ready
exec sleep infinity
