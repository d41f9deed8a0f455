/*
 * The benchmark's client and server: small and native, so that what is measured is the path and not the tool.
 *
 *   wire serve PORT                      TCP and UDP echo on PORT, a DNS answer to anything on port 53 (UDP)
 *   wire rr ADDRESS PORT MS              one flow, one byte to and fro
 *   wire connect ADDRESS PORT MS FLOWS   connect, one byte to and fro, close; FLOWS at a time
 *   wire udp ADDRESS PORT MS WINDOW      datagrams of 64 bytes, WINDOW of them outstanding
 *   wire paced ADDRESS PORT MS RATE      datagrams of 64 bytes, RATE of them a second
 *   wire dns ADDRESS PORT MS WINDOW      questions, each of a new name from a new port, WINDOW outstanding
 *   wire idle ADDRESS PORT MS FLOWS      opens flows, prints "open", keeps them for MS
 *
 * Clients print {"count":N,"rate":PER_SECOND,"p50":US,"p99":US,"lost":N}.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MAX_SAMPLES = 4 << 20, MAX_WINDOW = 4096, MAX_EVENTS = 256, MAX_BURST = 16 };
enum { UDP_BYTES = 64, UDP_LOSS_MS = 200, DNS_LOSS_MS = 1000, BUFFER_BYTES = 4 << 20 };

static uint32_t samples[MAX_SAMPLES];
static size_t sample_count;

static void die(const char *what) {
  perror(what);
  exit(1);
}

static int64_t now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void sample(int64_t since) {
  if (sample_count < MAX_SAMPLES) samples[sample_count++] = (uint32_t)((now_ns() - since) / 10);
}

static int compare(const void *a, const void *b) {
  uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
  return (x > y) - (x < y);
}

static void report(int64_t start, size_t lost) {
  double seconds = (now_ns() - start) / 1e9;
  size_t n = sample_count;
  qsort(samples, n, sizeof samples[0], compare);
  printf("{\"count\":%zu,\"rate\":%.1f,\"p50\":%.2f,\"p99\":%.2f,\"lost\":%zu}\n", n, n / seconds,
         n ? samples[n / 2] / 100.0 : 0, n ? samples[n * 99 / 100] / 100.0 : 0, lost);
}

static struct sockaddr_storage peer;
static socklen_t peer_length;

static void set_peer(const char *address, int port) {
  struct sockaddr_in *v4 = (struct sockaddr_in *)&peer;
  struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&peer;
  if (inet_pton(AF_INET, address, &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET, v4->sin_port = htons(port), peer_length = sizeof *v4;
  } else if (inet_pton(AF_INET6, address, &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6, v6->sin6_port = htons(port), peer_length = sizeof *v6;
  } else {
    errno = EINVAL, die(address);
  }
}

static int open_socket(int type, int flags) {
  int fd = socket(peer.ss_family, type | flags, 0), on = 1;
  if (fd < 0) die("socket");
  if (type == SOCK_STREAM) setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return fd;
}

/* So that nothing is lost in the ends themselves; beyond the system's limit only with CAP_NET_ADMIN. */
static void buffer_much(int fd) {
  int bytes = BUFFER_BYTES;
  if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes) != 0)
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
}

static int connected(void) {
  int fd = open_socket(SOCK_STREAM, 0);
  if (connect(fd, (struct sockaddr *)&peer, peer_length) != 0) die("connect");
  return fd;
}

static void run_rr(int64_t end) {
  int fd = connected();
  char byte = 'x';
  while (now_ns() < end) {
    int64_t start = now_ns();
    if (write(fd, &byte, 1) != 1 || read(fd, &byte, 1) != 1) die("round trip");
    sample(start);
  }
}

struct attempt {
  int fd;
  int sent;
  int64_t start;
};

static void begin(int epoll, struct attempt *a) {
  struct epoll_event event = {.events = EPOLLOUT, .data.ptr = a};
  a->start = now_ns();
  a->sent = 0;
  a->fd = open_socket(SOCK_STREAM, SOCK_NONBLOCK);
  if (connect(a->fd, (struct sockaddr *)&peer, peer_length) != 0 && errno != EINPROGRESS) die("connect");
  epoll_ctl(epoll, EPOLL_CTL_ADD, a->fd, &event);
}

static void run_connect(int64_t end, int flows) {
  int epoll = epoll_create1(0);
  struct attempt *attempts = calloc(flows, sizeof *attempts);
  struct epoll_event events[MAX_EVENTS];
  /* A reset at the end: thousands of sockets in TIME_WAIT would use up the ports. */
  struct linger abort_it = {.l_onoff = 1};
  for (int i = 0; i < flows; i++) begin(epoll, &attempts[i]);
  while (now_ns() < end) {
    int n = epoll_wait(epoll, events, MAX_EVENTS, 1000);
    for (int i = 0; i < n; i++) {
      struct attempt *a = events[i].data.ptr;
      char byte = 'x';
      if (!a->sent) {
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = a};
        if (write(a->fd, &byte, 1) != 1) die("write after connect");
        a->sent = 1;
        epoll_ctl(epoll, EPOLL_CTL_MOD, a->fd, &event);
        continue;
      }
      if (read(a->fd, &byte, 1) != 1) die("read after connect");
      sample(a->start);
      setsockopt(a->fd, SOL_SOCKET, SO_LINGER, &abort_it, sizeof abort_it);
      close(a->fd);
      begin(epoll, a);
    }
  }
}

static size_t run_udp(int64_t end, int window) {
  static int64_t sent_at[MAX_WINDOW];
  static uint32_t expected[MAX_WINDOW];
  uint32_t sequence = 0;
  size_t lost = 0;
  char bytes[UDP_BYTES] = {0};
  int fd = open_socket(SOCK_DGRAM, 0);
  buffer_much(fd);
  if (connect(fd, (struct sockaddr *)&peer, peer_length) != 0) die("connect");
  if (window > MAX_WINDOW) window = MAX_WINDOW;
  for (int slot = 0; slot < window; slot++) expected[slot] = 0;
  for (int slot = 0; now_ns() < end;) {
    /* Fill the window: slots that are free, or whose datagram is given up. */
    for (slot = 0; slot < window; slot++) {
      if (expected[slot] != 0 && now_ns() - sent_at[slot] < UDP_LOSS_MS * 1000000LL) continue;
      if (expected[slot] != 0) lost++;
      uint32_t header[2] = {slot, ++sequence};
      memcpy(bytes, header, sizeof header);
      expected[slot] = sequence;
      sent_at[slot] = now_ns();
      if (send(fd, bytes, sizeof bytes, 0) < 0 && errno != ENOBUFS && errno != ECONNREFUSED) die("send");
    }
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    if (poll(&wait, 1, UDP_LOSS_MS) <= 0) continue;
    while (recv(fd, bytes, sizeof bytes, MSG_DONTWAIT) == (ssize_t)sizeof bytes) {
      uint32_t header[2];
      memcpy(header, bytes, sizeof header);
      if (header[0] >= (uint32_t)window || expected[header[0]] != header[1]) continue;
      sample(sent_at[header[0]]);
      /* At once the next one in its place: the window stays full. */
      header[1] = expected[header[0]] = ++sequence;
      memcpy(bytes, header, sizeof header);
      sent_at[header[0]] = now_ns();
      if (send(fd, bytes, sizeof bytes, 0) < 0 && errno != ENOBUFS) die("send");
    }
  }
  return lost;
}

/* At a rate below what the path can carry nothing may be lost: no datagram is sent a second time here. */
static size_t run_paced(int64_t end, int rate) {
  int64_t next = now_ns(), grace = end + UDP_LOSS_MS * 1000000LL, gap = 1000000000LL / rate;
  size_t sent = 0;
  char bytes[UDP_BYTES] = {0};
  int fd = open_socket(SOCK_DGRAM, 0);
  buffer_much(fd);
  if (connect(fd, (struct sockaddr *)&peer, peer_length) != 0) die("connect");
  for (int64_t now = next; now < end || (sample_count < sent && now < grace); now = now_ns()) {
    /* What this process was too late for is left out: made up for at once, it would be another rate. */
    if (now - next > MAX_BURST * gap) next = now - MAX_BURST * gap;
    for (; next <= now && now < end; next += gap, sent++) {
      memcpy(bytes, &now, sizeof now);
      if (send(fd, bytes, sizeof bytes, 0) < 0 && errno != ENOBUFS) die("send");
    }
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    struct timespec tick = {.tv_nsec = 100000};
    if (ppoll(&wait, 1, &tick, NULL) <= 0) continue;
    while (recv(fd, bytes, sizeof bytes, MSG_DONTWAIT) == (ssize_t)sizeof bytes) {
      int64_t at;
      memcpy(&at, bytes, sizeof at);
      sample(at);
    }
  }
  return sent - sample_count;
}

static void ask(int epoll, struct attempt *a) {
  static uint32_t sequence;
  /* Recursion wanted, one question. */
  unsigned char bytes[128] = {0, 0, 1, 0, 0, 1};
  static const unsigned char rest[] = {7, 'd', 'e', 'f', 'a', 'u', 'l', 't', 3, 's', 'v', 'c', 7, 'c', 'l', 'u',
                                       's', 't', 'e', 'r', 5, 'l', 'o', 'c', 'a', 'l', 0, 0, 1, 0, 1};
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = a};
  int label = snprintf((char *)bytes + 13, 16, "q%u", ++sequence);
  bytes[0] = sequence >> 8, bytes[1] = sequence;
  bytes[12] = label;
  memcpy(bytes + 13 + label, rest, sizeof rest);
  a->start = now_ns();
  a->fd = open_socket(SOCK_DGRAM, SOCK_NONBLOCK);
  if (connect(a->fd, (struct sockaddr *)&peer, peer_length) != 0) die("connect");
  epoll_ctl(epoll, EPOLL_CTL_ADD, a->fd, &event);
  if (send(a->fd, bytes, 13 + label + sizeof rest, 0) < 0 && errno != ENOBUFS) die("send");
}

static size_t run_dns(int64_t end, int window) {
  int epoll = epoll_create1(0);
  size_t lost = 0;
  char bytes[512];
  struct attempt *attempts = calloc(window, sizeof *attempts);
  struct epoll_event events[MAX_EVENTS];
  for (int i = 0; i < window; i++) ask(epoll, &attempts[i]);
  while (now_ns() < end) {
    int n = epoll_wait(epoll, events, MAX_EVENTS, UDP_LOSS_MS);
    for (int i = 0; i < n; i++) {
      struct attempt *a = events[i].data.ptr;
      /* An error that came by ICMP, or no record in it: no answer. */
      if (recv(a->fd, bytes, sizeof bytes, 0) > 12 && bytes[7] > 0) {
        sample(a->start);
      } else {
        lost++;
      }
      close(a->fd);
      ask(epoll, a);
    }
    for (int i = 0; i < window; i++) {
      if (now_ns() - attempts[i].start < DNS_LOSS_MS * 1000000LL) continue;
      lost++;
      close(attempts[i].fd);
      ask(epoll, &attempts[i]);
    }
  }
  return lost;
}

static void run_idle(int64_t end, int flows) {
  for (int i = 0; i < flows; i++) {
    char byte = 'x';
    int fd = connected();
    if (write(fd, &byte, 1) != 1 || read(fd, &byte, 1) != 1) die("idle flow");
  }
  printf("open\n");
  fflush(stdout);
  while (now_ns() < end) usleep(10000);
}

static int listening(int type, int port) {
  struct sockaddr_in6 any = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
  int fd = socket(AF_INET6, type | SOCK_NONBLOCK, 0), on = 1, off = 0;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
  if (type == SOCK_DGRAM) {
    buffer_much(fd);
    /* The answer must come from the address that was asked. */
    setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof on);
    setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof on);
  }
  if (bind(fd, (struct sockaddr *)&any, sizeof any) != 0) die("bind");
  if (type == SOCK_STREAM && listen(fd, 4096) != 0) die("listen");
  return fd;
}

/* Turns a question into an answer with one A record; returns its length, or 0 for what is no question. */
static ssize_t answer_dns(unsigned char *bytes, ssize_t length) {
  static const unsigned char record[] = {0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 5, 0, 4, 10, 96, 10, 1};
  ssize_t end = 12;
  if (length < 17) return 0;
  while (end < length && bytes[end] != 0) end += bytes[end] + 1;
  end += 5;
  if (end > length || end + sizeof record > 512) return 0;
  bytes[2] |= 0x84, bytes[3] = 0x80;
  memset(bytes + 6, 0, 6);
  bytes[7] = 1;
  memcpy(bytes + end, record, sizeof record);
  return end + sizeof record;
}

static void serve_datagrams(int fd, int dns) {
  static unsigned char bytes[65536];
  char control[256];
  struct sockaddr_in6 from;
  struct iovec vector = {.iov_base = bytes};
  for (;;) {
    struct msghdr message = {.msg_name = &from, .msg_namelen = sizeof from, .msg_iov = &vector, .msg_iovlen = 1,
                             .msg_control = control, .msg_controllen = sizeof control};
    vector.iov_len = sizeof bytes;
    ssize_t length = recvmsg(fd, &message, 0);
    if (length < 0) return;
    vector.iov_len = dns ? answer_dns(bytes, length) : length;
    if (vector.iov_len > 0) sendmsg(fd, &message, 0);
  }
}

static void serve(int port) {
  static char bytes[65536];
  int epoll = epoll_create1(0), tcp = listening(SOCK_STREAM, port), udp = listening(SOCK_DGRAM, port);
  int dns = listening(SOCK_DGRAM, 53);
  int fixed[] = {tcp, udp, dns};
  struct epoll_event events[MAX_EVENTS];
  for (int i = 0; i < 3; i++) {
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fixed[i]};
    epoll_ctl(epoll, EPOLL_CTL_ADD, fixed[i], &event);
  }
  printf("ready\n");
  fflush(stdout);
  for (;;) {
    int n = epoll_wait(epoll, events, MAX_EVENTS, -1);
    for (int i = 0; i < n; i++) {
      int fd = events[i].data.fd, on = 1;
      if (fd == udp || fd == dns) {
        serve_datagrams(fd, fd == dns);
      } else if (fd == tcp) {
        int flow;
        while ((flow = accept4(tcp, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
          struct epoll_event event = {.events = EPOLLIN, .data.fd = flow};
          setsockopt(flow, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
          epoll_ctl(epoll, EPOLL_CTL_ADD, flow, &event);
        }
      } else {
        ssize_t length = read(fd, bytes, sizeof bytes);
        if (length <= 0 || write(fd, bytes, length) != length) close(fd);
      }
    }
  }
}

int main(int argc, char **argv) {
  struct rlimit files;
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  if (argc == 3 && strcmp(argv[1], "serve") == 0) serve(atoi(argv[2]));
  if (argc < 5) {
    fprintf(stderr, "usage: wire serve PORT | wire rr|connect|udp|paced|dns|idle ADDRESS PORT MS [N]\n");
    return 2;
  }
  set_peer(argv[2], atoi(argv[3]));
  int64_t start = now_ns(), end = start + atoll(argv[4]) * 1000000;
  int n = argc > 5 ? atoi(argv[5]) : 1;
  size_t lost = 0;
  if (strcmp(argv[1], "rr") == 0) run_rr(end);
  if (strcmp(argv[1], "connect") == 0) run_connect(end, n);
  if (strcmp(argv[1], "udp") == 0) lost = run_udp(end, n);
  if (strcmp(argv[1], "paced") == 0) lost = run_paced(end, n);
  if (strcmp(argv[1], "dns") == 0) lost = run_dns(end, n);
  if (strcmp(argv[1], "idle") == 0) run_idle(end, n);
  else report(start, lost);
  return 0;
}
