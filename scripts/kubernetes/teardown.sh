# shellcheck shell=bash
# Takes everything of the cluster away, however much of it there is: after `up`, after a
# half `up`, after a crash. Nothing but the build cache is left.

# What the kubelet sets for the whole machine, and the folders outside of ours that
# containerd and the kubelet make: noted before, put back after.
machine_settings=(vm.overcommit_memory vm.panic_on_oom kernel.panic kernel.panic_on_oops
  kernel.keys.root_maxkeys kernel.keys.root_maxbytes)
# /run/netns is iproute2's: other scripts may be about to use it, so it stays.
foreign_folders=(/run/containerd/s /run/containerd /run/mount /var/log/containers
  /var/lib/cni/results /var/lib/cni /var/lib/kubelet/device-plugins /var/lib/kubelet)

note_machine() {
  local folder setting
  [ ! -e "$RUN/machine-settings" ] || return 0
  for folder in "${foreign_folders[@]}"; do
    [ -e "$folder" ] || echo "$folder"
  done >"$RUN/made-folders"
  for setting in "${machine_settings[@]}"; do
    sysctl -e "$setting"
  done >"$RUN/machine-settings"
}

restore_machine() {
  local folder
  [ ! -e "$RUN/machine-settings" ] || sysctl -q -e -p "$RUN/machine-settings" || true
  [ -e "$RUN/made-folders" ] || return 0
  if grep -qx /var/lib/kubelet/device-plugins "$RUN/made-folders"; then
    rm -f /var/lib/kubelet/device-plugins/kubelet.sock
  fi
  while read -r folder; do
    [ ! -d "$folder" ] || rmdir "$folder" 2>/dev/null || true
  done <"$RUN/made-folders"
}

# The cluster's processes: those in the node's network namespace (components, shims, and
# what was started there by `exec`), and those in its pods' cgroups.
cluster_pids() {
  {
    ! netns_exists "$NODE_NETNS" || ip netns pids "$NODE_NETNS"
    cluster_cgroups | while read -r folder; do
      cat "$folder/cgroup.procs" 2>/dev/null || true
    done
  } | sort -un | grep -vx -e "$$" -e "$BASHPID" || true
}

# Deepest first. One hierarchy in cgroup v2, one per controller in v1.
cluster_cgroups() {
  local top
  for top in "/sys/fs/cgroup/$CLUSTER" /sys/fs/cgroup/*/"$CLUSTER"; do
    [ ! -d "$top" ] || find "$top" -depth -type d
  done
}

make_cgroups() {
  local hierarchy
  if [ -e /sys/fs/cgroup/cgroup.controllers ]; then
    mkdir -p "/sys/fs/cgroup/$CLUSTER"
    return
  fi
  for hierarchy in /sys/fs/cgroup/*/; do
    [ ! -e "$hierarchy/cgroup.procs" ] || mkdir -p "$hierarchy$CLUSTER"
  done
  # In v1 a cpuset without CPUs takes no process, and a new one has none.
  local cpuset=/sys/fs/cgroup/cpuset file
  for file in cpuset.cpus cpuset.mems; do
    [ ! -e "$cpuset/$file" ] || cat "$cpuset/$file" >"$cpuset/$CLUSTER/$file"
  done
}

no_pids() { [ -z "$(cluster_pids)" ]; }

kill_all() {
  local pids round
  # Again, because a process can have started another one meanwhile.
  for round in {1..50}; do
    mapfile -t pids < <(cluster_pids)
    ((${#pids[@]} > 0)) || return 0
    kill -KILL "${pids[@]}" 2>/dev/null || true
    sleep "0.$((round < 9 ? round : 9))"
  done
  die "processes of the cluster do not end, even when killed: ${pids[*]}"
}

unmount_all() {
  local point
  # Later mounts first. The kernel writes a blank in a path as \040.
  awk '{ print $5 }' /proc/self/mountinfo | tac | while read -r point; do
    point=$(printf '%b' "$point")
    case $point in
    "$RUN"/* | "$DATA"/*) umount "$point" 2>/dev/null || umount -l "$point" ;;
    esac
  done
}

remove_cgroups() {
  local folder
  cluster_cgroups | while read -r folder; do
    wait_for 5 rmdir "$folder" || die "the cgroup $folder cannot be removed"
  done
}

# What containerd and the kubelet leave outside the folders that they were told.
remove_strays() {
  local file socket id
  # There is no such folder when the start ended before containerd's.
  { find "$RUN/containerd" -name address -type f 2>/dev/null || true; } | while read -r file; do
    socket=$(<"$file")
    rm -f "${socket#unix://}" "${socket#unix://}.lock"
  done
  find /var/log/containers -maxdepth 1 -type l -lname "$DATA/*" -delete 2>/dev/null || true
  for file in "/var/lib/cni/results/$CLUSTER-"*; do
    id=${file##*/"$CLUSTER"-}
    rm -f "$file" "/var/lib/cni/results/cni-loopback-${id%-*}-lo"
  done
}

remains() {
  [ -e "$RUN" ] || [ -e "$DATA" ] || netns_exists "$NODE_NETNS" ||
    ip link show dev "$LINK" >/dev/null 2>&1 || [ -n "$(cluster_cgroups)" ]
}

take_down() {
  kill_all
  detach_all
  remove_strays
  unmount_all
  remove_network
  remove_cgroups
  restore_machine
  rm -rf "$RUN" "$DATA"
}
