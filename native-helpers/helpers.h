/*
 * The addon's own conventions.
 *
 * Purpose: what is needed of the kernel and Node does not offer: open a TUN, read many packets per wake-up, write one
 * packet from many pieces; lock a file; learn who is at the other end of a unix socket; mark the sockets of a cgroup; open
 * a netlink socket.  No policy lives here: no names, no addresses, no retries that a caller could do.
 *
 * Contract: an argument of a wrong type, or out of its range, throws a TypeError; a system call that fails throws an
 * Error with `code`, `errno` and `syscall` (except in `send`, whose errno is its result).  Nothing that JavaScript
 * passes may crash the process; array memory is looked up anew on every use, since a buffer may be detached meanwhile.
 */
#ifndef MIRRORD_HELPERS_H
#define MIRRORD_HELPERS_H

#define NAPI_VERSION 8
#include <node_api.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One IP packet (65,535 bytes; a TUN makes no larger one) behind a virtio_net_hdr of 10. */
enum { VNET_HEADER = 10, PACKET_MAX = VNET_HEADER + 65535 };

struct bytes {
  uint8_t *data;
  size_t length;
};

struct words {
  int32_t *data;
  size_t length;
};

/* Throws a TypeError and returns NULL, to be returned by the caller. */
napi_value bad_argument(napi_env env, const char *message);
/* Throws an Error for a failed system call. */
napi_value system_error(napi_env env, int number, const char *syscall);
/* A whole number from 0 to `max`. */
bool to_number(napi_env env, napi_value value, double max, uint32_t *result);
/* The arguments of a call, of which the first is a descriptor; false when there are fewer than `count`. */
bool fd_arguments(napi_env env, napi_callback_info info, size_t count, napi_value *arguments, uint32_t *fd);
bool to_bytes(napi_env env, napi_value value, struct bytes *result);
bool to_words(napi_env env, napi_value value, struct words *result);

napi_value open_tun(napi_env env, napi_callback_info info);
napi_value send_packet(napi_env env, napi_callback_info info);
napi_value open_reader(napi_env env, napi_callback_info info);
napi_value pause_reader(napi_env env, napi_callback_info info);
napi_value resume_reader(napi_env env, napi_callback_info info);
napi_value close_reader(napi_env env, napi_callback_info info);
napi_value try_lock(napi_env env, napi_callback_info info);
napi_value peer_credentials(napi_env env, napi_callback_info info);
napi_value mark_sockets(napi_env env, napi_callback_info info);
napi_value mark_connections(napi_env env, napi_callback_info info);
napi_value open_netlink(napi_env env, napi_callback_info info);

#endif
