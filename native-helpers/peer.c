/*
 * peerCredentials(fd): who is at the other end of a connected unix socket (SO_PEERCRED of unix(7)).
 *
 * The kernel recorded them, at connect(2) for the side that accepts and at listen(2) for the side that connects, so
 * they cannot be forged.
 */
#define _GNU_SOURCE /* struct ucred */
#include "helpers.h"
#include <errno.h>
#include <sys/socket.h>

static bool put(napi_env env, napi_value object, const char *name, double number) {
  napi_value value;
  return napi_create_double(env, number, &value) == napi_ok &&
         napi_set_named_property(env, object, name, value) == napi_ok;
}

/* peerCredentials(fd: number): { pid, uid, gid }, in terms of this process's own namespaces. */
napi_value peer_credentials(napi_env env, napi_callback_info info) {
  napi_value argument, result;
  uint32_t fd;
  if (!fd_arguments(env, info, 1, &argument, &fd)) return bad_argument(env, "peerCredentials: fd");

  struct ucred peer;
  socklen_t length = sizeof peer;
  if (getsockopt((int)fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) < 0)
    return system_error(env, errno, "getsockopt SO_PEERCRED");
  /* A socket without a peer, or of another family, has no credentials. */
  if (length != sizeof peer || peer.uid == (uid_t)-1) return system_error(env, ENOTCONN, "getsockopt SO_PEERCRED");
  if (napi_create_object(env, &result) != napi_ok || !put(env, result, "pid", peer.pid) ||
      !put(env, result, "uid", peer.uid) || !put(env, result, "gid", peer.gid))
    return NULL;
  return result;
}
