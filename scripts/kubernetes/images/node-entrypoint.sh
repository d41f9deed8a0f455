#!/bin/sh
# As in the stock image: options, and words that are no command, are for node.
set -e
case ${1:-} in
-*) set -- node "$@" ;;
*) command -v "${1:-}" >/dev/null || set -- node "$@" ;;
esac
exec "$@"
