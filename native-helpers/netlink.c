/* openNetlink(protocol): a netlink socket that Node then reads and writes like a file (netlink(7)). */
#include "helpers.h"
#include <errno.h>
#include <limits.h>
#include <linux/netlink.h>
#include <sys/socket.h>

/* openNetlink(protocol: number): number; the descriptor does not block, and no program that is started inherits it. */
napi_value open_netlink(napi_env env, napi_callback_info info) {
  napi_value argument, result;
  size_t argc = 1;
  uint32_t protocol;
  if (napi_get_cb_info(env, info, &argc, &argument, NULL, NULL) != napi_ok || argc < 1 ||
      !to_number(env, argument, INT_MAX, &protocol))
    return bad_argument(env, "openNetlink: protocol");
  int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, (int)protocol);
  if (fd < 0) return system_error(env, errno, "socket");
  return napi_create_int32(env, fd, &result) == napi_ok ? result : NULL;
}
