# shellcheck shell=bash
# The images that every cluster has, made by hand and kept in the cache: no container
# registry is asked for anything.

# image_file NAME PART...: the cache's tar for it; the parts decide when to make it anew.
image_file() {
  local hash name=$1
  shift
  hash=$(cat "$HERE/make-image" "$@" | sha256sum | cut -c1-12)
  echo "$CACHE/images/$name-$hash.tar"
}

pause_image() {
  local out work
  out=$(image_file pause "$HERE/images/pause.c")
  if [ ! -e "$out" ]; then
    step "making the image pause" >&2
    work=$(mktemp -d)
    gcc -static -Os -s -o "$work/pause" "$HERE/images/pause.c"
    "$HERE/make-image" --user 65535 --entrypoint /pause "$PAUSE_IMAGE" "$out" "$work/pause:/pause"
    rm -rf "$work"
  fi
  echo "$out"
}

busybox_image() {
  local out
  out=$(image_file busybox "$(command -v busybox)")
  if [ ! -e "$out" ]; then
    step "making the image busybox" >&2
    "$HERE/make-image" --shell --cmd sh "$BUSYBOX_IMAGE" "$out"
  fi
  echo "$out"
}

coredns_image() {
  local out
  out=$(image_file "$(basename "$(built coredns)")" /dev/null)
  if [ ! -e "$out" ]; then
    step "making the image coredns" >&2
    "$HERE/make-image" --entrypoint /coredns "$COREDNS_IMAGE" "$out" "$(program coredns):/coredns"
  fi
  echo "$out"
}

node_image() { SECONDS=$SECONDS "$HERE/make-node-image" "$NODE_IMAGE_MAJOR"; }

make_images() {
  local image
  mkdir -p "$CACHE/images"
  for image in pause busybox coredns node; do
    "${image}_image" >/dev/null
  done
}

# load_image FILE: into containerd, where the kubelet finds it under its name.
load_image() {
  local log
  log=$(mktemp)
  if ! ctr -a "$CONTAINERD_SOCKET" -n k8s.io images import "$1" >"$log" 2>&1; then
    last_lines "$log" >&2
    rm -f "$log"
    die "the image $1 could not be loaded" "containerd's own words are above." \
      "It must be a docker archive, as \`docker save\` or scripts/kubernetes/make-image write it."
  fi
  rm -f "$log"
}
