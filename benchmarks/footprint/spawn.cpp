// spawn RUNS PROGRAM [ARGUMENT...]: starts a program again and again and prints one JSON object a
// run, from the spawn to the exit as the parent sees it. The program's output goes to /dev/null.
// The peak memory that Linux reports for a child is at least what the process that spawned it
// holds, so that process has to be a small one like this.
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

extern char** environ;

namespace {

double now_ms() {
  timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return static_cast<double>(t.tv_sec) * 1e3 + static_cast<double>(t.tv_nsec) * 1e-6;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    fputs("usage: spawn RUNS PROGRAM [ARGUMENT...]\n", stderr);
    return 2;
  }
  posix_spawn_file_actions_t quiet;
  posix_spawn_file_actions_init(&quiet);
  posix_spawn_file_actions_addopen(&quiet, 1, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_addopen(&quiet, 2, "/dev/null", O_WRONLY, 0);
  for (long run = atol(argv[1]); run > 0; --run) {
    pid_t child = 0;
    const double begin_ms = now_ms();
    const int error = posix_spawn(&child, argv[2], &quiet, nullptr, argv + 2, environ);
    if (error != 0) {
      fprintf(stderr, "%s: cannot be started (%s)\n", argv[2], strerror(error));
      return 2;
    }
    int status = 0;
    rusage used{};
    while (wait4(child, &status, 0, &used) < 0) {
    }
    const double end_ms = now_ms();
    printf("{\"ms\":%.4f,\"peak_rss_kib\":%ld,\"minor_faults\":%ld,\"exit_code\":%d}\n",
           end_ms - begin_ms, used.ru_maxrss, used.ru_minflt,
           WIFEXITED(status) ? WEXITSTATUS(status) : -1);
  }
  return 0;
}
