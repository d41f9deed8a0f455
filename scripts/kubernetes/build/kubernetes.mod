// Module file of the Kubernetes build. build.sh copies it to go.mod and adds the
// replace lines that the Kubernetes module itself needs (its "staging" modules).
module mirrord.test/kubernetes

go 1.24.0

require k8s.io/kubernetes v1.34.4
