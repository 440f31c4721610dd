/* Loaded before libc in a product under test: moves its clock and slows its disk, as a file says.
   The file holds two longs: seconds added to the time of day, milliseconds added to every flush. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

struct will { long seconds; long flush_ms; };
static const struct will nothing = {0, 0};

static const volatile struct will *will(void) {
  static const volatile struct will *known;
  if (known == NULL) {
    const char *path = getenv("ZBT_TEST_SHIM");
    int fd = path ? open(path, O_RDONLY) : -1;
    void *at = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof nothing, PROT_READ, MAP_SHARED, fd, 0);
    known = at == MAP_FAILED ? &nothing : at;
    if (fd >= 0) close(fd);
  }
  return known;
}

int clock_gettime(clockid_t which, struct timespec *out) {
  static int (*real)(clockid_t, struct timespec *);
  if (real == NULL) real = dlsym(RTLD_NEXT, "clock_gettime");
  int result = real(which, out);
  if (which == CLOCK_REALTIME || which == CLOCK_REALTIME_COARSE) out->tv_sec += will()->seconds;
  return result;
}

int gettimeofday(struct timeval *restrict out, void *restrict zone) {
  (void)zone;
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  out->tv_sec = now.tv_sec;
  out->tv_usec = now.tv_nsec / 1000;
  return 0;
}

time_t time(time_t *out) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  if (out) *out = now.tv_sec;
  return now.tv_sec;
}

static int flush(const char *name, int fd) {
  int (*real)(int) = dlsym(RTLD_NEXT, name);
  if (will()->flush_ms) usleep(will()->flush_ms * 1000);
  return real(fd);
}

int fsync(int fd) { return flush("fsync", fd); }
int fdatasync(int fd) { return flush("fdatasync", fd); }
