/*
 * markSockets(fd, mark): every socket that a process of the cgroup makes from now on carries the firewall mark.
 *
 * An eBPF program of type CGROUP_SOCK (Linux 4.14 and newer), as `ip vrf exec` uses one.  The mark is on the socket before
 * its first route is looked up, so that the source address fits, too; a mark that nftables gives comes too late for that.
 * The program lives as long as the cgroup.
 */
#include "bpf.h"
#include "helpers.h"
#include <errno.h>
#include <limits.h>
#include <unistd.h>

static int load_program(uint32_t mark) {
  const struct bpf_insn program[] = {
      SET(BPF_REG_2, mark),
      STORE(BPF_REG_1, offsetof(struct bpf_sock, mark), BPF_REG_2),
      SET(BPF_REG_0, 1), /* The socket may be made. */
      EXIT,
  };
  return bpf_load(BPF_PROG_TYPE_CGROUP_SOCK, BPF_CGROUP_INET_SOCK_CREATE, program, sizeof program / sizeof program[0]);
}

/* markSockets(fd: number, mark: number): void; `fd` is the cgroup's folder. */
napi_value mark_sockets(napi_env env, napi_callback_info info) {
  napi_value arguments[2];
  uint32_t fd, mark;
  if (!fd_arguments(env, info, 2, arguments, &fd) || !to_number(env, arguments[1], INT_MAX, &mark))
    return bad_argument(env, "markSockets: fd, mark");

  int program = load_program(mark);
  if (program < 0) return system_error(env, errno, "bpf(BPF_PROG_LOAD)");
  int status = bpf_attach((int)fd, program, BPF_CGROUP_INET_SOCK_CREATE), number = errno;
  /* Attached, it is the cgroup's. */
  close(program);
  return status < 0 ? system_error(env, number, "bpf(BPF_PROG_ATTACH)") : NULL;
}
