# shellcheck shell=bash
# Debian packages that the cluster needs. Only what is missing is installed.

# command:package; a command that is there already (Docker's containerd, say) will do.
needed_commands=(
  containerd:containerd ctr:containerd runc:runc
  conntrack:conntrack iptables:iptables ip6tables:iptables socat:socat
  openssl:openssl ip:iproute2 nsenter:util-linux flock:util-linux
  curl:curl gcc:gcc tar:tar busybox:busybox-static sysctl:procps
)
needed_files=(
  /usr/lib/cni/bridge:containernetworking-plugins
  /usr/include/stdlib.h:libc6-dev
)

install_packages() {
  local entry missing=()
  for entry in "${needed_commands[@]}"; do
    command -v "${entry%%:*}" >/dev/null || missing+=("${entry#*:}")
  done
  for entry in "${needed_files[@]}"; do
    [ -e "${entry%%:*}" ] || missing+=("${entry#*:}")
  done
  ((${#missing[@]} == 0)) || apt_install "${missing[@]}"
}

# apt_install PACKAGE...
apt_install() {
  local packages log
  mapfile -t packages < <(printf '%s\n' "$@" | sort -u)
  command -v apt-get >/dev/null || die "missing packages: ${packages[*]}" \
    "Only Debian and Ubuntu are served: there is no apt-get here." \
    "Install these programs by hand and call again."
  step "installing Debian packages: ${packages[*]}"
  log=$(mktemp)
  if ! {
    apt-get -q update &&
      without_services env DEBIAN_FRONTEND=noninteractive \
        apt-get -q install -y --no-install-recommends "${packages[@]}"
  } >"$log" 2>&1 </dev/null; then
    last_lines "$log" >&2
    rm -f "$log"
    die "apt-get could not install ${packages[*]}" "Its last lines are above."
  fi
  rm -f "$log"
}

# Runs a command while packages may not start services: the cluster starts a containerd
# of its own, and a second one would be in the way. (policy-rc.d is Debian's way to ask.)
without_services() {
  local policy=/usr/sbin/policy-rc.d result=0
  if [ -e "$policy" ]; then
    "$@"
    return
  fi
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod +x "$policy"
  "$@" || result=$?
  rm -f "$policy"
  return "$result"
}

# Prints the folder of a Go that can build Kubernetes.
find_go() {
  local go version package
  for go in "$(command -v go || true)" /usr/local/go/bin/go /usr/lib/go-1.*/bin/go; do
    [ -x "$go" ] || continue
    version=$("$go" env GOVERSION 2>/dev/null) || continue
    if printf '%s\n' go1.24 "$version" | sort -CV; then
      dirname "$go"
      return
    fi
  done
  package=$(apt-cache pkgnames golang-1. 2>/dev/null |
    grep -xE 'golang-1\.(2[4-9]|[3-9][0-9])-go' | sort -V | tail -n 1 || true)
  [ -n "$package" ] || die "no Go 1.24 or newer was found" \
    "Kubernetes, etcd and CoreDNS are built from source, once, and this system has no such package." \
    "Install Go 1.24 or newer (https://go.dev/dl/) as /usr/local/go, or put it on the PATH, and call again."
  apt_install "$package" >&2
  package=${package#golang-}
  echo "/usr/lib/go-${package%-go}/bin"
}
