/*
 * The floor under the census: does nothing but open, read and close what the census opens, reads and closes in one
 * scrape, and tells the CPU time of each round. No C program that reads the same can be cheaper than this.
 *
 *   floor <list> <rounds>
 *
 * The list has one line per access, as the recorder writes it: `f <reads> <path>` a file and its number of reads,
 * `d <path>` a directory, `l <path>` a symbolic link, `e <path>` a question whether something exists.
 * Prints one line per round: nanoseconds of CPU, user and system.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

struct access { char kind; int reads; char *path; };

static char buffer[64 * 1024];

static long long cpu(void) {
  struct timespec now;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static void perform(const struct access *one) {
  struct stat found;
  if (one->kind == 'l') {
    if (readlink(one->path, buffer, sizeof buffer) < 0) return;
  } else if (one->kind == 'e') {
    stat(one->path, &found);
  } else {
    int fd = open(one->path, O_RDONLY | O_CLOEXEC | (one->kind == 'd' ? O_DIRECTORY : 0));
    if (fd < 0) return;
    if (one->kind == 'd') while (syscall(SYS_getdents64, fd, buffer, sizeof buffer) > 0);
    else for (int left = one->reads; left > 0; left--) if (read(fd, buffer, sizeof buffer) <= 0) break;
    close(fd);
  }
}

static struct access parse(char *line) {
  struct access one = { line[0], 1, line + 2 };
  if (one.kind == 'f') one.reads = strtol(line + 2, &one.path, 10), one.path++;
  one.path = strdup(one.path);
  return one;
}

int main(int argc, char **argv) {
  if (argc != 3) return 2;
  FILE *list = fopen(argv[1], "r");
  if (!list) return perror(argv[1]), 1;
  struct access *all = NULL;
  size_t count = 0, room = 0, size = 0;
  char *line = NULL;
  for (ssize_t length; (length = getline(&line, &size, list)) > 0;) {
    if (line[length - 1] == '\n') line[length - 1] = 0;
    if (count == room) all = realloc(all, (room = room * 2 + 1024) * sizeof *all);
    all[count++] = parse(line);
  }
  fclose(list);
  for (int round = atoi(argv[2]); round > 0; round--) {
    long long before = cpu();
    for (size_t at = 0; at < count; at++) perform(&all[at]);
    printf("%lld\n", cpu() - before);
  }
  return 0;
}
