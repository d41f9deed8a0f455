/*
 * markSockets(fd, mark): every socket that a process of the cgroup makes from now on carries the firewall mark.
 *
 * An eBPF program of type CGROUP_SOCK (Linux 4.14 and newer), as `ip vrf exec` uses one.  The mark is on the socket before
 * its first route is looked up, so that the source address fits, too; a mark that nftables gives comes too late for that.
 * The program lives as long as the cgroup.
 */
#include "helpers.h"
#include <errno.h>
#include <limits.h>
#include <linux/bpf.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static int bpf(int command, union bpf_attr *attributes) {
  return (int)syscall(SYS_bpf, command, attributes, sizeof *attributes);
}

static int load_program(uint32_t mark) {
  const struct bpf_insn program[] = {
      /* r2 = mark; socket->mark = r2; return 1 (the socket may be made). */
      {.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_2, .imm = (int32_t)mark},
      {.code = BPF_STX | BPF_MEM | BPF_W,
       .dst_reg = BPF_REG_1,
       .src_reg = BPF_REG_2,
       .off = offsetof(struct bpf_sock, mark)},
      {.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = 1},
      {.code = BPF_JMP | BPF_EXIT},
  };
  union bpf_attr attributes;
  memset(&attributes, 0, sizeof attributes);
  attributes.prog_type = BPF_PROG_TYPE_CGROUP_SOCK;
  attributes.expected_attach_type = BPF_CGROUP_INET_SOCK_CREATE;
  attributes.insns = (uintptr_t)program;
  attributes.insn_cnt = sizeof program / sizeof program[0];
  attributes.license = (uintptr_t) "MIT";
  return bpf(BPF_PROG_LOAD, &attributes);
}

/* markSockets(fd: number, mark: number): void; `fd` is the cgroup's folder. */
napi_value mark_sockets(napi_env env, napi_callback_info info) {
  napi_value arguments[2];
  uint32_t fd, mark;
  if (!fd_arguments(env, info, 2, arguments, &fd) || !to_number(env, arguments[1], INT_MAX, &mark))
    return bad_argument(env, "markSockets: fd, mark");

  int program = load_program(mark);
  if (program < 0) return system_error(env, errno, "bpf(BPF_PROG_LOAD)");
  union bpf_attr attributes;
  memset(&attributes, 0, sizeof attributes);
  attributes.target_fd = fd;
  attributes.attach_bpf_fd = (uint32_t)program;
  attributes.attach_type = BPF_CGROUP_INET_SOCK_CREATE;
  /* Those of the cgroups above run as well. */
  attributes.attach_flags = BPF_F_ALLOW_MULTI;
  int status = bpf(BPF_PROG_ATTACH, &attributes), number = errno;
  /* Attached, it is the cgroup's. */
  close(program);
  return status < 0 ? system_error(env, number, "bpf(BPF_PROG_ATTACH)") : NULL;
}
