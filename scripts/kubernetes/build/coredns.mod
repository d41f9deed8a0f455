// Module file of the CoreDNS build, see build/compile.
module mirrord.test/coredns

go 1.24.0

require github.com/coredns/coredns v1.15.0
