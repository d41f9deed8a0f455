/** A statically linked program that asks for a page: what hooks into the C library cannot reach. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { must } from './command.ts';

/** It takes an address, since a static C library cannot load the name service modules. */
const SOURCE = `
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv) {
  struct sockaddr_in peer = {.sin_family = AF_INET, .sin_port = htons(argc > 2 ? atoi(argv[2]) : 80)};
  static const char question[] = "GET /static HTTP/1.0\\r\\n\\r\\n";
  char answer[4096];
  ssize_t count;
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  if (argc < 2 || inet_pton(AF_INET, argv[1], &peer.sin_addr) != 1) return 2;
  if (connect(fd, (struct sockaddr *)&peer, sizeof peer) != 0) return perror("connect"), 1;
  if (write(fd, question, sizeof question - 1) < 0) return perror("write"), 1;
  while ((count = read(fd, answer, sizeof answer)) > 0) fwrite(answer, 1, count, stdout);
  return 0;
}
`;

/** Builds it into the folder and resolves to its path. */
export async function buildStaticClient(folder: string): Promise<string> {
  const source = join(folder, 'static-client.c');
  const binary = join(folder, 'static-client');
  writeFileSync(source, SOURCE);
  await must('cc', ['-static', '-O1', '-o', binary, source]);
  return binary;
}
