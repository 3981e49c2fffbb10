/*
 * One container of a farm: an init, a gateway below it, and below the gateway chains of three processes, as a gateway
 * starts them that never cleans up: `npm exec X` -> `sh -c X` -> `node …/X`, and single `node` processes to fill up.
 *
 *   farm <chains> <singles> [awake]
 *
 * Every process is this program under another name, and sleeps; when the farm is awake the gateway wakes fifty times a
 * second, and takes or gives back a little memory ten times, so that no look finds the container as it was. None outlives its parent. Whoever gets SIGTERM says
 * when, in the file `ended` beside the program, if somebody has put one there: eight bytes of the monotonic clock, the
 * same for all processes of the machine. On SIGUSR1 to the init the gateway starts its chains again, all but the first
 * of each kind: what was cleaned up has leaked anew.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

static const char *servers[] = { "memory", "filesystem", "git", "fetch", "time", "everything" };
enum { kinds = sizeof servers / sizeof *servers };

/* Starts this program again as a child: what it shall be goes by the environment, argv belongs to its name. */
static pid_t start(const char *role, int server, char *const argv[]) {
  pid_t child = fork();
  if (child != 0) return child;
  char variable[64];
  snprintf(variable, sizeof variable, "FARM=%s %d", role, server);
  char *environment[] = { variable, "PATH=/usr/local/bin:/usr/bin:/bin", "HOME=/root", "NODE_ENV=production", NULL };
  execve("/proc/self/exe", argv, environment);
  _exit(127);
}

static void start_chain(int server) {
  char package[96];
  snprintf(package, sizeof package, "npm exec @modelcontextprotocol/server-%s", servers[server]);
  start("npm", server, (char *[]) { package, NULL });
}

static void start_shell(int server) {
  char command[96];
  snprintf(command, sizeof command, "mcp-server-%s", servers[server]);
  start("sh", server, (char *[]) { "sh", "-c", command, NULL });
}

static void start_server(int server) {
  char script[128];
  snprintf(script, sizeof script, "/root/.npm/_npx/15c61037b1978c83/node_modules/.bin/mcp-server-%s", servers[server]);
  start("node", server, (char *[]) { "node", script, NULL });
}

static void start_chains(int first, int chains) {
  for (int at = first; at < chains; at++) start_chain(at % kinds);
}

static void tell(int number) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  long long at = now.tv_sec * 1000000000LL + now.tv_nsec;
  char path[4096] = "";
  if (readlink("/proc/self/exe", path, sizeof path - sizeof "/ended") > 0) strcpy(strrchr(path, '/'), "/ended");
  _exit(write(open(path, O_WRONLY | O_APPEND), &at, sizeof at) < 0 ? number : 0);
}

/* Waits for SIGUSR1, and breathes meanwhile if it must. */
static void wait_for_order(const sigset_t *order, int awake) {
  static char breath[256 * 1024] __attribute__((aligned(65536)));
  struct timespec tick = { 0, 20 * 1000 * 1000 };
  int number;
  if (!awake) { sigwait(order, &number); return; }
  for (int ticks = 1; sigtimedwait(order, NULL, &tick) < 0; ticks++) {
    if (ticks % 10 == 0) memset(breath, 1, sizeof breath);
    else if (ticks % 10 == 5) madvise(breath, sizeof breath, MADV_DONTNEED);
  }
}

static void name(const char *role) {
  prctl(PR_SET_NAME, strcmp(role, "npm") == 0 ? "npm exec @model" : role);
}

int main(int argc, char **argv) {
  /* The init of a container has no parent that it could see. */
  if (getppid() != 0) prctl(PR_SET_PDEATHSIG, SIGKILL);
  signal(SIGCHLD, SIG_IGN);
  signal(SIGTERM, tell);
  sigset_t again;
  sigemptyset(&again), sigaddset(&again, SIGUSR1), sigprocmask(SIG_BLOCK, &again, NULL);
  pid_t gateway = 0;
  char *given = getenv("FARM"), role[16] = "init";
  int chains = argc > 1 ? atoi(argv[1]) : 0, server = 0, singles = argc > 2 ? atoi(argv[2]) : 0;
  int awake = 0;
  if (given) sscanf(given, "%15s %d", role, &server);
  if (!given) {
    char first[16], second[16];
    snprintf(first, sizeof first, "%d", chains);
    snprintf(second, sizeof second, "%d", singles);
    gateway = start("gateway", 0, (char *[]) { "node", "gateway.js", first, second, argc > 3 ? argv[3] : NULL, NULL });
  } else if (strcmp(role, "gateway") == 0) {
    name("node");
    chains = argc > 2 ? atoi(argv[2]) : 0, singles = argc > 3 ? atoi(argv[3]) : 0, awake = argc > 4;
    start_chains(0, chains);
    for (int at = 0; at < singles; at++) start_server(at % kinds);
  } else {
    name(role);
    if (strcmp(role, "npm") == 0) start_shell(server);
    if (strcmp(role, "sh") == 0) start_server(server);
  }
  for (;;) {
    wait_for_order(&again, awake);
    if (gateway > 0) kill(gateway, SIGUSR1);
    else if (strcmp(role, "gateway") == 0) start_chains(kinds, chains);
  }
}
