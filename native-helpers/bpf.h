/*
 * eBPF by hand: programs of a few instructions, without a compiler or a library for them.
 *
 * Numbers that newer kernels added stand here, since the headers that this is built with may be older than the kernel.
 */
#ifndef MIRRORD_BPF_H
#define MIRRORD_BPF_H

#include <linux/bpf.h>
#include <stddef.h>
#include <stdint.h>

/* Helpers that a program may call, and commands of bpf(2): include/uapi/linux/bpf.h. */
enum { FUNC_SETSOCKOPT = 49, FUNC_GET_NETNS_COOKIE = 122, LINK_CREATE = 28 };

/* target = value */
#define SET(target, value) {.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = (target), .imm = (int32_t)(value)}
/* target = source */
#define COPY(target, source) {.code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = (target), .src_reg = (source)}
/* target += value */
#define ADD(target, value) {.code = BPF_ALU64 | BPF_ADD | BPF_K, .dst_reg = (target), .imm = (int32_t)(value)}
/* target |= value */
#define OR(target, value) {.code = BPF_ALU64 | BPF_OR | BPF_K, .dst_reg = (target), .imm = (int32_t)(value)}
/* target = all 64 bits of value; takes two places. */
#define SET_LONG(target, value) \
  {.code = BPF_LD | BPF_DW | BPF_IMM, .dst_reg = (target), .imm = (int32_t)(value)}, {.imm = (int32_t)((value) >> 32)}
/* target = memory[source + offset], `size` one of BPF_W (32 bits) and BPF_DW (64) */
#define LOAD(size, target, source, offset) \
  {.code = BPF_LDX | BPF_MEM | (size), .dst_reg = (target), .src_reg = (source), .off = (int16_t)(offset)}
/* memory[target + offset] = source, 32 bits */
#define STORE(target, offset, source) \
  {.code = BPF_STX | BPF_MEM | BPF_W, .dst_reg = (target), .src_reg = (source), .off = (int16_t)(offset)}
#define EXIT {.code = BPF_JMP | BPF_EXIT}
/* Exits unless `left OP right`, where OP is BPF_JEQ or BPF_JNE, and `right` a value or a register. */
#define EXIT_UNLESS(left, op, right) {.code = BPF_JMP | (op) | BPF_K, .dst_reg = (left), .off = 1, .imm = (right)}, EXIT
#define EXIT_UNLESS_REGISTERS(left, op, right) \
  {.code = BPF_JMP | (op) | BPF_X, .dst_reg = (left), .src_reg = (right), .off = 1}, EXIT
#define CALL(function) {.code = BPF_JMP | BPF_CALL, .imm = (function)}

/* A descriptor, or -1 with errno. */
int bpf_load(enum bpf_prog_type type, enum bpf_attach_type attach_type, const struct bpf_insn *program, size_t count);
/* Attaches a program to a cgroup for as long as the cgroup lives; 0, or -1 with errno. */
int bpf_attach(int cgroup, int program, enum bpf_attach_type attach_type);
/* The same for as long as the descriptor lives that it returns; -1 with errno. */
int bpf_link(int cgroup, int program, enum bpf_attach_type attach_type);

#endif
