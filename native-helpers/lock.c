/* tryLock(fd): flock(2), exclusive and without waiting; the kernel lets go when the holder's descriptor is closed. */
#include "helpers.h"
#include <errno.h>
#include <sys/file.h>

/* tryLock(fd: number): boolean; false while another one holds it. */
napi_value try_lock(napi_env env, napi_callback_info info) {
  napi_value argument, result;
  uint32_t fd;
  if (!fd_arguments(env, info, 1, &argument, &fd)) return bad_argument(env, "tryLock: fd");

  int status;
  do status = flock((int)fd, LOCK_EX | LOCK_NB);
  while (status < 0 && errno == EINTR);
  if (status < 0 && errno != EWOULDBLOCK) return system_error(env, errno, "flock");
  if (napi_get_boolean(env, status == 0, &result) != napi_ok) return NULL;
  return result;
}
