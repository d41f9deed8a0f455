/*
 * openTun(name): makes a TUN interface that lives as long as its descriptor.
 *
 * linux/if_tun.h, linux/virtio_net.h; Documentation/networking/tuntap.rst.
 */
#include "helpers.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* Kernel headers older than 6.2 do not name them. */
#ifndef TUN_F_USO4
#define TUN_F_USO4 0x20
#define TUN_F_USO6 0x40
#endif

static napi_value fail(napi_env env, int fd, const char *step) {
  int number = errno;
  close(fd);
  return system_error(env, number, step);
}

/* openTun(name: string): { fd, name, uso }; `%d` in the name becomes the first free number. */
napi_value open_tun(napi_env env, napi_callback_info info) {
  napi_value argument, result, value;
  size_t argc = 1, length;
  struct ifreq request = {0};
  char name[IFNAMSIZ + 1];

  if (napi_get_cb_info(env, info, &argc, &argument, NULL, NULL) != napi_ok || argc < 1 ||
      napi_get_value_string_utf8(env, argument, name, sizeof name, &length) != napi_ok || length == 0 ||
      length >= IFNAMSIZ || strlen(name) != length)
    return bad_argument(env, "openTun: the name must be a string of 1 to 15 bytes");
  memcpy(request.ifr_name, name, length);

  int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return system_error(env, errno, "open /dev/net/tun");

  /* EXCL: without it an interface that another program keeps persistent would be taken over. */
  request.ifr_flags = (short)(IFF_TUN | IFF_NO_PI | IFF_VNET_HDR | IFF_TUN_EXCL);
  if (ioctl(fd, TUNSETIFF, &request) < 0) return fail(env, fd, "TUNSETIFF");

  int header = VNET_HEADER;
  if (ioctl(fd, TUNSETVNETHDRSZ, &header) < 0) return fail(env, fd, "TUNSETVNETHDRSZ");

  /* UDP segmentation is there since Linux 6.2, both families or none. */
  unsigned long offload = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6;
  bool uso = ioctl(fd, TUNSETOFFLOAD, offload | TUN_F_USO4 | TUN_F_USO6) == 0;
  if (!uso && ioctl(fd, TUNSETOFFLOAD, offload) < 0) return fail(env, fd, "TUNSETOFFLOAD");

  if (napi_create_object(env, &result) != napi_ok || napi_create_int32(env, fd, &value) != napi_ok ||
      napi_set_named_property(env, result, "fd", value) != napi_ok ||
      napi_create_string_utf8(env, request.ifr_name, NAPI_AUTO_LENGTH, &value) != napi_ok ||
      napi_set_named_property(env, result, "name", value) != napi_ok ||
      napi_get_boolean(env, uso, &value) != napi_ok || napi_set_named_property(env, result, "uso", value) != napi_ok) {
    errno = ENOMEM;
    return fail(env, fd, "openTun");
  }
  return result;
}
