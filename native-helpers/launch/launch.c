/*
 * launch PROGRAM [ARGUMENT...]: executes the program with two netlink sockets open: descriptor 3 of NETLINK_NETFILTER,
 * descriptor 4 of NETLINK_SOCK_DIAG (netlink(7)).  PROGRAM is a path; it is not searched for.
 *
 * Why: Node cannot open such sockets, and read and write them it can.  An nftables table with the flag `owner` lives as
 * long as the socket that made it, so that this is all the native code that the incoming agent needs.  The numbers matter:
 * a process that is killed lets go of its descriptors from the highest to the lowest (the kernel's task work is a stack),
 * so that the farewells of translated connections leave before the table goes.
 *
 * A pod's spec carries it (src/agent/boot.ts), for any image: no libc, no relocations, some 500 bytes.
 * Ends with EX_OSERR (sysexits.h) where a socket cannot be had, or the program not be executed.
 */
enum { AF_NETLINK = 16, SOCK_RAW = 3, SOCK_NONBLOCK = 04000, NETLINK_SOCK_DIAG = 4, NETLINK_NETFILTER = 12 };
enum { FIRST_FD = 3, EX_OSERR = 71 };

#if defined(__x86_64__)
enum { SYS_close = 3, SYS_socket = 41, SYS_execve = 59, SYS_exit = 60 };
static long call(long number, long a, long b, long c) {
  long result;
  __asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
  return result;
}
/* The stack as the kernel hands it over: argc, the arguments, NULL, the environment, NULL. */
__asm__(".globl _start\n_start: mov %rsp, %rdi\n and $-16, %rsp\n call launch\n");
#elif defined(__aarch64__)
enum { SYS_close = 57, SYS_socket = 198, SYS_execve = 221, SYS_exit = 93 };
static long call(long number, long a, long b, long c) {
  register long x8 __asm__("x8") = number;
  register long x0 __asm__("x0") = a;
  register long x1 __asm__("x1") = b;
  register long x2 __asm__("x2") = c;
  __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2) : "memory");
  return x0;
}
__asm__(".globl _start\n_start: mov x0, sp\n bl launch\n");
#else
#error "launch.c: no system calls known for this processor"
#endif

__attribute__((used)) static void launch(long *stack) {
  long argc = stack[0];
  char **arguments = (char **)(stack + 1), **environment = arguments + argc + 1;
  call(SYS_close, FIRST_FD, 0, 0);
  call(SYS_close, FIRST_FD + 1, 0, 0);
  /* The lowest number that is free: those, unless one of the standard three is closed.  Reads never wait. */
  if (argc > 1 && call(SYS_socket, AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK, NETLINK_NETFILTER) == FIRST_FD &&
      call(SYS_socket, AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK, NETLINK_SOCK_DIAG) == FIRST_FD + 1)
    call(SYS_execve, (long)arguments[1], (long)(arguments + 1), (long)environment);
  for (;;) call(SYS_exit, EX_OSERR, 0, 0);
}
