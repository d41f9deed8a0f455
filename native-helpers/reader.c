/*
 * openReader(fd, slab, offsets, lengths, callback): many packets per wake-up, one call into JavaScript per batch.
 *
 * The packets of a batch lie one behind the other in the caller's slab, so that small ones share cache lines and pages.
 * `callback(count)` gets the number of packets, or a negative errno when the descriptor is of no more use; the reader
 * has then stopped.  Everything runs on the loop's thread: a thread of its own costs two wake-ups per batch.
 */
#include "helpers.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>
#include <uv.h>

/* Distance of packet starts: the same alignment as the slab's own. */
enum { ALIGNMENT = 16 };

struct reader {
  uv_poll_t poll;
  napi_env env;
  napi_ref slab, offsets, lengths, callback;
  napi_async_cleanup_hook_handle cleanup;
  int fd;
  /* The loop's handle and JavaScript's object; the last one to let go frees. */
  int owners;
  bool closing;
};

static const napi_type_tag READER_TAG = {0x6d6972726f726421, 0x7265616465720001};

static napi_value referenced(napi_env env, napi_ref reference) {
  napi_value value = NULL;
  napi_get_reference_value(env, reference, &value);
  return value;
}

static void drop_references(struct reader *reader) {
  napi_ref *references[] = {&reader->slab, &reader->offsets, &reader->lengths, &reader->callback};
  for (size_t i = 0; i < sizeof references / sizeof references[0]; i++) {
    if (*references[i] != NULL) napi_delete_reference(reader->env, *references[i]);
    *references[i] = NULL;
  }
}

static void disown(struct reader *reader) {
  if (--reader->owners == 0) free(reader);
}

static void collected(napi_env env, void *data, void *hint) {
  (void)env;
  (void)hint;
  disown(data);
}

static void closed(uv_handle_t *handle) {
  struct reader *reader = handle->data;
  napi_remove_async_cleanup_hook(reader->cleanup);
  disown(reader);
}

static void shut(struct reader *reader) {
  if (reader->closing) return;
  reader->closing = true;
  drop_references(reader);
  uv_close((uv_handle_t *)&reader->poll, closed);
}

static void environment_ends(napi_async_cleanup_hook_handle handle, void *data) {
  (void)handle;
  shut(data);
}

/* Reads until the queue is empty, the arrays are full, or no whole packet fits any more.  The count, or -errno. */
static int drain(struct reader *reader) {
  struct bytes slab;
  struct words offsets, lengths;
  if (!to_bytes(reader->env, referenced(reader->env, reader->slab), &slab) ||
      !to_words(reader->env, referenced(reader->env, reader->offsets), &offsets) ||
      !to_words(reader->env, referenced(reader->env, reader->lengths), &lengths))
    return -EFAULT;
  size_t limit = offsets.length < lengths.length ? offsets.length : lengths.length;
  if (limit == 0 || slab.length < PACKET_MAX) return -EFAULT; /* detached */

  size_t count = 0, position = 0;
  while (count < limit && slab.length - position >= PACKET_MAX) {
    ssize_t length = read(reader->fd, slab.data + position, PACKET_MAX);
    if (length < 0) {
      if (errno == EINTR) continue;
      /* An error is told once the packets before it are out: the next wake-up meets it again. */
      if (errno != EAGAIN && count == 0) return -errno;
      break;
    }
    if (length == 0) {
      if (count == 0) return -ENODATA;
      break;
    }
    offsets.data[count] = (int32_t)position;
    lengths.data[count] = (int32_t)length;
    count++;
    position += ((size_t)length + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
    if (position > slab.length) break;
  }
  return (int)count;
}

static void readable(uv_poll_t *poll, int status, int events) {
  (void)events;
  struct reader *reader = poll->data;
  napi_env env = reader->env;
  napi_handle_scope scope;
  napi_value count, callback, global, exception;
  if (napi_open_handle_scope(env, &scope) != napi_ok) return;

  int result = status < 0 ? status : drain(reader);
  if (result < 0) uv_poll_stop(poll);
  if (result != 0 && napi_create_int32(env, result, &count) == napi_ok && napi_get_global(env, &global) == napi_ok) {
    callback = referenced(env, reader->callback);
    if (napi_make_callback(env, NULL, global, callback, 1, &count, NULL) == napi_pending_exception &&
        napi_get_and_clear_last_exception(env, &exception) == napi_ok)
      napi_fatal_exception(env, exception);
  }
  napi_close_handle_scope(env, scope);
}

napi_value open_reader(napi_env env, napi_callback_info info) {
  napi_value args[5], result;
  size_t argc = 5;
  uint32_t fd;
  struct bytes slab;
  struct words offsets, lengths;
  napi_valuetype type;
  uv_loop_t *loop;

  if (napi_get_cb_info(env, info, &argc, args, NULL, NULL) != napi_ok || argc < 5)
    return bad_argument(env, "openReader: five arguments");
  if (!to_number(env, args[0], INT_MAX, &fd)) return bad_argument(env, "openReader: fd");
  if (!to_bytes(env, args[1], &slab) || slab.length < PACKET_MAX || slab.length > INT32_MAX)
    return bad_argument(env, "openReader: slab must be a Uint8Array of at least 65545 bytes");
  if (!to_words(env, args[2], &offsets) || !to_words(env, args[3], &lengths) || offsets.length == 0 ||
      lengths.length == 0)
    return bad_argument(env, "openReader: offsets and lengths must be Int32Arrays");
  if (napi_typeof(env, args[4], &type) != napi_ok || type != napi_function)
    return bad_argument(env, "openReader: callback must be a function");
  if (napi_get_uv_event_loop(env, &loop) != napi_ok) return bad_argument(env, "openReader: no event loop");

  /* A descriptor that blocks would block the whole loop at the end of every batch. */
  int flags = fcntl((int)fd, F_GETFL);
  if (flags < 0 || fcntl((int)fd, F_SETFL, flags | O_NONBLOCK) < 0) return system_error(env, errno, "fcntl");

  struct reader *reader = calloc(1, sizeof *reader);
  if (reader == NULL) return system_error(env, ENOMEM, "openReader");
  reader->env = env;
  reader->fd = (int)fd;
  reader->owners = 1;
  reader->poll.data = reader;
  int status = uv_poll_init(loop, &reader->poll, reader->fd);
  if (status < 0) {
    free(reader);
    return system_error(env, -status, "uv_poll_init");
  }
  napi_add_async_cleanup_hook(env, environment_ends, reader, &reader->cleanup);
  if (napi_create_reference(env, args[1], 1, &reader->slab) != napi_ok ||
      napi_create_reference(env, args[2], 1, &reader->offsets) != napi_ok ||
      napi_create_reference(env, args[3], 1, &reader->lengths) != napi_ok ||
      napi_create_reference(env, args[4], 1, &reader->callback) != napi_ok ||
      (status = uv_poll_start(&reader->poll, UV_READABLE, readable)) < 0 ||
      napi_create_object(env, &result) != napi_ok ||
      napi_wrap(env, result, reader, collected, NULL, NULL) != napi_ok) {
    shut(reader);
    return system_error(env, status < 0 ? -status : ENOMEM, "openReader");
  }
  reader->owners++;
  if (napi_type_tag_object(env, result, &READER_TAG) != napi_ok) {
    shut(reader);
    return system_error(env, ENOMEM, "openReader");
  }
  return result;
}

/* The reader that a function was called with; throws and returns NULL for anything else. */
static struct reader *subject(napi_env env, napi_callback_info info) {
  napi_value argument;
  size_t argc = 1;
  bool ours = false;
  void *data = NULL;
  if (napi_get_cb_info(env, info, &argc, &argument, NULL, NULL) != napi_ok || argc < 1 ||
      napi_check_object_type_tag(env, argument, &READER_TAG, &ours) != napi_ok || !ours ||
      napi_unwrap(env, argument, &data) != napi_ok) {
    bad_argument(env, "not a reader");
    return NULL;
  }
  return data;
}

/* The three are harmless when repeated, and after `closeReader`. */
napi_value pause_reader(napi_env env, napi_callback_info info) {
  struct reader *reader = subject(env, info);
  if (reader != NULL && !reader->closing) uv_poll_stop(&reader->poll);
  return NULL;
}

napi_value resume_reader(napi_env env, napi_callback_info info) {
  struct reader *reader = subject(env, info);
  if (reader != NULL && !reader->closing) uv_poll_start(&reader->poll, UV_READABLE, readable);
  return NULL;
}

napi_value close_reader(napi_env env, napi_callback_info info) {
  struct reader *reader = subject(env, info);
  if (reader != NULL) shut(reader);
  return NULL;
}
