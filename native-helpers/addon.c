/* Registration, and the conversions that all functions share. */
#include "helpers.h"
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <uv.h>

napi_value bad_argument(napi_env env, const char *message) {
  napi_throw_type_error(env, "ERR_INVALID_ARG_VALUE", message);
  return NULL;
}

napi_value system_error(napi_env env, int number, const char *syscall) {
  const char *name = uv_err_name(-number);
  napi_value code, message, error, errno_value, syscall_value;
  if (napi_create_string_utf8(env, name, NAPI_AUTO_LENGTH, &code) != napi_ok ||
      napi_create_string_utf8(env, strerror(number), NAPI_AUTO_LENGTH, &message) != napi_ok ||
      napi_create_error(env, code, message, &error) != napi_ok ||
      napi_create_int32(env, number, &errno_value) != napi_ok ||
      napi_create_string_utf8(env, syscall, NAPI_AUTO_LENGTH, &syscall_value) != napi_ok ||
      napi_set_named_property(env, error, "errno", errno_value) != napi_ok ||
      napi_set_named_property(env, error, "syscall", syscall_value) != napi_ok) {
    napi_throw_error(env, NULL, syscall);
    return NULL;
  }
  napi_throw(env, error);
  return NULL;
}

bool to_number(napi_env env, napi_value value, double max, uint32_t *result) {
  double number;
  if (napi_get_value_double(env, value, &number) != napi_ok) return false;
  if (!(number >= 0 && number <= max) || number != (double)(uint32_t)number) return false;
  *result = (uint32_t)number;
  return true;
}

bool fd_arguments(napi_env env, napi_callback_info info, size_t count, napi_value *arguments, uint32_t *fd) {
  size_t given = count;
  return napi_get_cb_info(env, info, &given, arguments, NULL, NULL) == napi_ok && given >= count &&
         to_number(env, arguments[0], INT_MAX, fd);
}

bool to_bytes(napi_env env, napi_value value, struct bytes *result) {
  napi_typedarray_type type;
  void *data;
  if (napi_get_typedarray_info(env, value, &type, &result->length, &data, NULL, NULL) != napi_ok) return false;
  result->data = data;
  return type == napi_uint8_array;
}

bool to_words(napi_env env, napi_value value, struct words *result) {
  napi_typedarray_type type;
  void *data;
  if (napi_get_typedarray_info(env, value, &type, &result->length, &data, NULL, NULL) != napi_ok) return false;
  result->data = data;
  return type == napi_int32_array;
}

NAPI_MODULE_INIT() {
  static const struct {
    const char *name;
    napi_callback function;
  } functions[] = {
      {"openTun", open_tun},         {"send", send_packet},           {"openReader", open_reader},
      {"pauseReader", pause_reader}, {"resumeReader", resume_reader}, {"closeReader", close_reader},
      {"tryLock", try_lock},         {"peerCredentials", peer_credentials}, {"markSockets", mark_sockets},
      {"markConnections", mark_connections},
      {"openNetlink", open_netlink},
  };
  for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++) {
    napi_value function;
    if (napi_create_function(env, functions[i].name, NAPI_AUTO_LENGTH, functions[i].function, NULL, &function) !=
            napi_ok ||
        napi_set_named_property(env, exports, functions[i].name, function) != napi_ok)
      return NULL;
  }
  return exports;
}
