# shellcheck shell=bash
# Somebody else's cluster (kind, k3d, minikube, ...), named by KUBECONFIG_TEST: it is used
# as it is, and never started, changed or stopped.

foreign() {
  local kubectl
  # The file, not the function of that name, which speaks to our own cluster.
  kubectl=$(type -P kubectl || program kubectl)
  case $1 in
  up | status)
    [ -r "$KUBECONFIG_TEST" ] || die "the kubeconfig $KUBECONFIG_TEST cannot be read" \
      "KUBECONFIG_TEST names it."
    [ -x "$kubectl" ] || die "there is no kubectl to ask the cluster of KUBECONFIG_TEST with" \
      "Install kubectl (Debian: kubernetes-client)."
    "$kubectl" --kubeconfig="$KUBECONFIG_TEST" --request-timeout=15s get --raw /readyz >/dev/null ||
      die "the cluster of KUBECONFIG_TEST does not answer" "Its answer is above." \
        "Start it, or unset KUBECONFIG_TEST and have one built."
    step "the cluster of KUBECONFIG_TEST answers"
    ;;
  down) ;;
  kubeconfig) readlink -f "$KUBECONFIG_TEST" ;;
  kubectl) shift && exec "$kubectl" --kubeconfig="$KUBECONFIG_TEST" "$@" ;;
  *) die "\"$1\" is not possible with the cluster of KUBECONFIG_TEST" \
    "Only up, down, status, kubeconfig and kubectl work with a cluster that is not ours." ;;
  esac
}
