# shellcheck shell=bash
# What is told to the person in front: progress and errors, all on standard error, so
# that standard output carries only what was asked for.

# step TEXT: one line of progress, with the seconds since the start.
step() {
  printf '[%3ds] %s\n' "$SECONDS" "$*" >&2
}

# die WHAT [LINE...]: what happened; then why, and what to do.
die() {
  local line
  printf 'scripts/cluster: %s\n' "$1" >&2
  shift
  for line in "$@"; do
    printf '  %s\n' "$line" >&2
  done
  exit 1
}

# wait_for SECONDS COMMAND...: polls until COMMAND succeeds; fails after SECONDS.
wait_for() {
  local deadline=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    ((SECONDS < deadline)) || return 1
    sleep 0.1
  done
}

# last_lines FILE: the end of a log, indented, for an error message.
last_lines() {
  tail -n 8 "$1" 2>/dev/null | cut -c1-400 | sed 's/^/    /'
}
