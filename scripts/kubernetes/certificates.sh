# shellcheck shell=bash
# The cluster's certificates and kubeconfigs, in $RUN/pki and $RUN/*.conf.

# certificate NAME SUBJECT [ALTERNATIVE NAMES]: signed by the cluster's authority.
certificate() {
  local file=$RUN/pki/$1 extensions
  extensions="extendedKeyUsage=clientAuth${3:+,serverAuth}${3:+
subjectAltName=$3}"
  openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes \
    -keyout "$file.key" -subj "$2" 2>/dev/null |
    openssl x509 -req -days 3650 -CA "$RUN/pki/ca.crt" -CAkey "$RUN/pki/ca.key" \
      -set_serial "0x$(openssl rand -hex 8)" -out "$file.crt" \
      -extfile <(echo "$extensions") 2>/dev/null
}

# kubeconfig_for NAME CERTIFICATE: writes $RUN/NAME.conf, readable by its owner alone.
kubeconfig_for() {
  local pki=$RUN/pki
  cat >"$RUN/$1.conf" <<END
apiVersion: v1
kind: Config
current-context: $CLUSTER
clusters:
  - name: $CLUSTER
    cluster:
      server: https://$NODE_IP4:$API_PORT
      certificate-authority-data: $(base64 -w0 "$pki/ca.crt")
users:
  - name: $CLUSTER
    user:
      client-certificate-data: $(base64 -w0 "$pki/$2.crt")
      client-key-data: $(base64 -w0 "$pki/$2.key")
contexts:
  - name: $CLUSTER
    context: { cluster: $CLUSTER, user: $CLUSTER }
END
}

make_certificates() (
  umask 077
  mkdir -p "$RUN/pki"
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 3650 \
    -subj "/CN=$CLUSTER" -addext keyUsage=critical,keyCertSign,cRLSign \
    -keyout "$RUN/pki/ca.key" -out "$RUN/pki/ca.crt" 2>/dev/null
  openssl ecparam -name prime256v1 -genkey -noout -out "$RUN/pki/service-accounts.key"

  local own="IP:$NODE_IP4,IP:$NODE_IP6,IP:127.0.0.1,IP:::1,DNS:localhost,DNS:$NODE"
  local service=DNS:kubernetes name
  for name in kubernetes.default kubernetes.default.svc kubernetes.default.svc.cluster.local; do
    service+=,DNS:$name
  done
  certificate apiserver /CN=kube-apiserver "$own,IP:$SERVICE_IP4,IP:$SERVICE_IP6,$service"
  certificate kubelet "/O=system:nodes/CN=system:node:$NODE" "$own"
  certificate kubelet-client /O=system:masters/CN=kube-apiserver-kubelet-client
  certificate admin "/O=system:masters/CN=$CLUSTER-admin"
  for name in controller-manager scheduler proxy; do
    certificate "$name" "/CN=system:kube-$name"
    kubeconfig_for "$name" "$name"
  done
  kubeconfig_for kubelet kubelet
  # Last: its presence says that all the others are there.
  kubeconfig_for admin admin
  # Who called through sudo may use kubectl without it.
  [ -z "${SUDO_UID:-}" ] || chown "$SUDO_UID:${SUDO_GID:-$SUDO_UID}" "$KUBECONFIG_FILE"
)
