# shellcheck shell=sh
# open_way FOLDER TMPFS: in this mount namespace lets every user pass through FOLDER and those above it, so that programs
# of a checkout below a closed folder (root's home) can be called by their paths.  The folders themselves stay as they are.
open_way() {
  [ "$1" != / ] || return 0
  open_way "$(dirname "$1")" "$2"
  [ -z "$(find "$1" -maxdepth 0 -perm -o=x)" ] || return 0
  layer=$(mktemp -d "$2/way-XXXXXX")
  mkdir "$layer/upper" "$layer/work"
  mount -t overlay overlay -o "lowerdir=$1,upperdir=$layer/upper,workdir=$layer/work" "$1"
  chmod o+x "$1"
}
