/* The three commands of bpf(2) that are needed. */
#include "bpf.h"
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static int bpf(int command, void *attributes, size_t size) {
  return (int)syscall(SYS_bpf, command, attributes, size);
}

int bpf_load(enum bpf_prog_type type, enum bpf_attach_type attach_type, const struct bpf_insn *program, size_t count) {
  union bpf_attr attributes;
  memset(&attributes, 0, sizeof attributes);
  attributes.prog_type = type;
  attributes.expected_attach_type = attach_type;
  attributes.insns = (uintptr_t)program;
  attributes.insn_cnt = (uint32_t)count;
  attributes.license = (uintptr_t) "MIT";
  return bpf(BPF_PROG_LOAD, &attributes, sizeof attributes);
}

int bpf_attach(int cgroup, int program, enum bpf_attach_type attach_type) {
  union bpf_attr attributes;
  memset(&attributes, 0, sizeof attributes);
  attributes.target_fd = (uint32_t)cgroup;
  attributes.attach_bpf_fd = (uint32_t)program;
  attributes.attach_type = attach_type;
  /* Those of the cgroups above run as well. */
  attributes.attach_flags = BPF_F_ALLOW_MULTI;
  return bpf(BPF_PROG_ATTACH, &attributes, sizeof attributes);
}

int bpf_link(int cgroup, int program, enum bpf_attach_type attach_type) {
  /* `link_create` in union bpf_attr, which headers before Linux 5.7 do not have. */
  struct {
    uint32_t program, target, attach_type, flags;
  } attributes = {(uint32_t)program, (uint32_t)cgroup, attach_type, 0};
  return bpf(LINK_CREATE, &attributes, sizeof attributes);
}
