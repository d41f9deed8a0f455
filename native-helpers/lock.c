/* tryLock(fd): flock(2), exclusive and without waiting; the kernel lets go when the holder's descriptor is closed. */
#include "helpers.h"
#include <errno.h>
#include <limits.h>
#include <sys/file.h>

/* tryLock(fd: number): boolean; false while another one holds it. */
napi_value try_lock(napi_env env, napi_callback_info info) {
  napi_value argument, result;
  size_t argc = 1;
  uint32_t fd;
  if (napi_get_cb_info(env, info, &argc, &argument, NULL, NULL) != napi_ok || argc < 1 ||
      !to_number(env, argument, INT_MAX, &fd))
    return bad_argument(env, "tryLock: fd");

  int status;
  do status = flock((int)fd, LOCK_EX | LOCK_NB);
  while (status < 0 && errno == EINTR);
  if (status < 0 && errno != EWOULDBLOCK) return system_error(env, errno, "flock");
  if (napi_get_boolean(env, status == 0, &result) != napi_ok) return NULL;
  return result;
}
