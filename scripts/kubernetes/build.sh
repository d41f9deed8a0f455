# shellcheck shell=bash
# The cluster's programs, built from source once and kept in the cache. The recipes are
# in build/; their hash is part of the cache folder's name.

# built RECIPE: prints the folder of its programs, there or not.
built() {
  local recipe=$HERE/build version hash
  version=$(awk '$1 == "require" { print $3 }' "$recipe/$1.mod")
  hash=$(cat "$recipe/compile" "$recipe/$1".{mod,go} | sha256sum | cut -c1-12)
  echo "$CACHE/kubernetes/$1-$version-$hash"
}

build_all() {
  local recipe go out log result pid began
  for recipe in etcd kubernetes coredns; do
    out=$(built "$recipe")
    [ -d "$out" ] && continue
    if [ -z "${go:-}" ]; then
      go=$(find_go)
      step "building Kubernetes, etcd and CoreDNS from source; 6 to 12 minutes on 2 cores, this once"
    fi
    rm -rf "$out.part"
    mkdir -p "$out.part"
    log=$out.log
    began=$SECONDS
    step "building ${out##*/}"
    PATH="$go:$PATH" nice -n 10 "$HERE/build/compile" "$recipe" "$out.part" \
      >"$log" 2>&1 </dev/null 9>&- &
    pid=$!
    while kill -0 "$pid" 2>/dev/null; do
      sleep 1
      (((SECONDS - began) % 30 != 0)) ||
        step "  still building $recipe ($((SECONDS - began)) s)"
    done
    result=0
    wait "$pid" || result=$?
    if ((result != 0)); then
      last_lines "$log" >&2
      die "the build of $recipe failed" "Its last lines are above, all of them in $log." \
        "Most often the module proxy cannot be reached: see \`go env GOPROXY GOFLAGS\`."
    fi
    rm -f "$log"
    # The name appears only when the content is complete: no half build is ever used.
    mv "$out.part" "$out"
    step "built ${out##*/} in $((SECONDS - began)) s"
  done
}

# Where the programs are; call after build_all.
program() {
  case $1 in
  etcd) echo "$(built etcd)/etcd" ;;
  coredns) echo "$(built coredns)/coredns" ;;
  *) echo "$(built kubernetes)/$1" ;;
  esac
}
