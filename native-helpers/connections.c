/*
 * markConnections(fd, mark, family): a TCP connection that a program of the cgroup begins carries the firewall mark.  By
 * IPv4 only one from a source address that the program has bound itself to, since any other gets its address with its
 * route.  By IPv6 the kernel, when it finds no route (`unreachable`), looks once more with an address of the machine's.
 *
 * An eBPF program that runs in connect(2), before the connection's route is looked up (Linux 5.14 and newer:
 * BPF_LINK_CREATE 5.7, bpf_setsockopt there 5.8, SO_NETNS_COOKIE 5.14).  A connection that a server here has accepted
 * was begun by its peer and never passes connect(2): no packet, and no table of connections, has to tell the two apart.
 *
 * Left alone: what has a mark already, and other network namespaces (containers).
 */
#include "bpf.h"
#include "helpers.h"
#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71
#endif

static int load_program(enum bpf_attach_type hook, uint32_t mark, uint64_t network) {
  const bool is_v4 = hook == BPF_CGROUP_INET4_CONNECT;
  const struct bpf_insn program[] = {
      COPY(BPF_REG_6, BPF_REG_1),
      LOAD(BPF_DW, BPF_REG_7, BPF_REG_6, offsetof(struct bpf_sock_addr, sk)),
      SET(BPF_REG_0, 1), /* It may connect, marked or not. */

      LOAD(BPF_W, BPF_REG_2, BPF_REG_6, offsetof(struct bpf_sock_addr, protocol)),
      EXIT_UNLESS(BPF_REG_2, BPF_JEQ, IPPROTO_TCP),
      LOAD(BPF_W, BPF_REG_2, BPF_REG_7, offsetof(struct bpf_sock, mark)),
      EXIT_UNLESS(BPF_REG_2, BPF_JEQ, 0),
      /* Zero in a socket that is not bound. */
      LOAD(BPF_W, BPF_REG_2, BPF_REG_7, offsetof(struct bpf_sock, src_ip4)),
      OR(BPF_REG_2, is_v4 ? 0 : 1),
      EXIT_UNLESS(BPF_REG_2, BPF_JNE, 0),
      COPY(BPF_REG_1, BPF_REG_6),
      CALL(FUNC_GET_NETNS_COOKIE),
      COPY(BPF_REG_3, BPF_REG_0),
      SET(BPF_REG_0, 1),
      SET_LONG(BPF_REG_2, network),
      EXIT_UNLESS_REGISTERS(BPF_REG_2, BPF_JEQ, BPF_REG_3),

      SET(BPF_REG_2, mark),
      STORE(BPF_REG_10, -4, BPF_REG_2),
      COPY(BPF_REG_1, BPF_REG_6),
      SET(BPF_REG_2, SOL_SOCKET),
      SET(BPF_REG_3, SO_MARK),
      COPY(BPF_REG_4, BPF_REG_10),
      ADD(BPF_REG_4, -4),
      SET(BPF_REG_5, 4),
      CALL(FUNC_SETSOCKOPT),
      SET(BPF_REG_0, 1),
      EXIT,
  };
  return bpf_load(BPF_PROG_TYPE_CGROUP_SOCK_ADDR, hook, program, sizeof program / sizeof program[0]);
}

/* Of this process; false with errno. */
static bool network_cookie(uint64_t *cookie) {
  int socket_fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (socket_fd < 0) return false;
  socklen_t length = sizeof *cookie;
  int status = getsockopt(socket_fd, SOL_SOCKET, SO_NETNS_COOKIE, cookie, &length), number = errno;
  close(socket_fd);
  errno = number;
  return status == 0;
}

/* markConnections(fd: number, mark: number, family: 4 | 6): number; marks until that descriptor is closed. */
napi_value mark_connections(napi_env env, napi_callback_info info) {
  napi_value arguments[3], result;
  uint32_t fd, mark, family;
  if (!fd_arguments(env, info, 3, arguments, &fd) || !to_number(env, arguments[1], INT_MAX, &mark) ||
      !to_number(env, arguments[2], 6, &family) || (family != 4 && family != 6))
    return bad_argument(env, "markConnections: fd, mark, family");

  uint64_t network;
  if (!network_cookie(&network)) return system_error(env, errno, "getsockopt(SO_NETNS_COOKIE)");
  enum bpf_attach_type hook = family == 4 ? BPF_CGROUP_INET4_CONNECT : BPF_CGROUP_INET6_CONNECT;
  int program = load_program(hook, mark, network);
  if (program < 0) return system_error(env, errno, "bpf(BPF_PROG_LOAD)");
  int link = bpf_link((int)fd, program, hook), number = errno;
  /* The link has its own hold on it. */
  close(program);
  if (link < 0) return system_error(env, number, "bpf(BPF_LINK_CREATE)");
  if (napi_create_int32(env, link, &result) == napi_ok) return result;
  close(link);
  return NULL;
}
