// Module file of the etcd build, see build/compile.
// Not Debian's etcd 3.4: with it a 1.34 API server's informers hang.
module mirrord.test/etcd

go 1.24.0

require go.etcd.io/etcd/server/v3 v3.6.16
