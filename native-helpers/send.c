/*
 * send(fd, header, headerLength, chunks, chunkIndex, chunkOffset, payloadLength): one packet in one writev.
 *
 * The payload goes from wherever it lies straight into the kernel's buffer.  Returns 0 or the errno.
 */
#include "helpers.h"
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/uio.h>

/* Pieces that are gathered in place; a packet of 64 KB from a bulk flow has a handful. */
enum { PIECES = 128 };

/* A full device queue empties within microseconds; one wait of this length, then the packet is lost. */
enum { ROOM_WAIT_MS = 1 };

static int write_packet(int fd, const struct iovec *pieces, int count) {
  for (bool waited = false;;) {
    if (writev(fd, pieces, count) >= 0) return 0;
    if (errno == EINTR) continue;
    if (errno != EAGAIN || waited) return errno;
    struct pollfd room = {.fd = fd, .events = POLLOUT};
    waited = true;
    poll(&room, 1, ROOM_WAIT_MS);
  }
}

napi_value send_packet(napi_env env, napi_callback_info info) {
  /* Payload in very small chunks (a peer that writes byte by byte) is put together here. */
  static _Thread_local uint8_t tail[PACKET_MAX];
  napi_value args[7], result;
  size_t argc = 7, tail_length = 0;
  uint32_t fd, header_length, index, offset, left, chunk_count;
  struct bytes header;
  struct iovec pieces[PIECES];
  int count = 1;
  bool is_array;

  if (napi_get_cb_info(env, info, &argc, args, NULL, NULL) != napi_ok || argc < 7)
    return bad_argument(env, "send: seven arguments");
  if (!to_number(env, args[0], INT_MAX, &fd)) return bad_argument(env, "send: fd");
  if (!to_bytes(env, args[1], &header)) return bad_argument(env, "send: header must be a Uint8Array");
  if (!to_number(env, args[2], PACKET_MAX, &header_length) || header_length > header.length)
    return bad_argument(env, "send: headerLength is beyond the header");
  if (napi_is_array(env, args[3], &is_array) != napi_ok || !is_array ||
      napi_get_array_length(env, args[3], &chunk_count) != napi_ok)
    return bad_argument(env, "send: chunks must be an array");
  if (!to_number(env, args[4], UINT32_MAX, &index)) return bad_argument(env, "send: chunkIndex");
  if (!to_number(env, args[5], UINT32_MAX, &offset)) return bad_argument(env, "send: chunkOffset");
  if (!to_number(env, args[6], PACKET_MAX - header_length, &left)) return bad_argument(env, "send: payloadLength");

  pieces[0] = (struct iovec){header.data, header_length};
  for (; left > 0; index++, offset = 0) {
    napi_value element;
    struct bytes chunk;
    if (index >= chunk_count) return bad_argument(env, "send: the chunks hold less than payloadLength");
    if (napi_get_element(env, args[3], index, &element) != napi_ok) return NULL;
    if (!to_bytes(env, element, &chunk)) return bad_argument(env, "send: chunks must be Uint8Arrays");
    if (offset > chunk.length) return bad_argument(env, "send: chunkOffset is beyond its chunk");

    size_t length = chunk.length - offset < left ? chunk.length - offset : left;
    left -= length;
    if (length == 0) continue;
    if (count < PIECES - 1) {
      pieces[count++] = (struct iovec){chunk.data + offset, length};
    } else {
      memcpy(tail + tail_length, chunk.data + offset, length);
      tail_length += length;
    }
  }
  if (tail_length > 0) pieces[count++] = (struct iovec){tail, tail_length};

  if (napi_create_int32(env, write_packet((int)fd, pieces, count), &result) != napi_ok) return NULL;
  return result;
}
