/*
 * A clock that a test can set, for the processes of one domain: loaded before the C library by
 * /etc/ld.so.preload of a mount namespace of theirs. The seconds to add stand in the file OFFSET_FILE, which
 * is mapped when the process starts, so that a process that may open nothing still sees them change.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define OFFSET_FILE "/etc/attack-clock"

typedef int gettime_fn(clockid_t, struct timespec *);

static const volatile int64_t *offset;
static gettime_fn *real_gettime;

/* Libraries that were loaded before this one may ask for the time before it has begun. */
static gettime_fn *real(void)
{
    if (real_gettime == NULL) {
        *(void **)&real_gettime = dlsym(RTLD_NEXT, "clock_gettime");
    }
    return real_gettime;
}

__attribute__((constructor)) static void begin(void)
{
    (void)real();
    int fd = open(OFFSET_FILE, O_RDONLY | O_CLOEXEC);
    void *p = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof(*offset), PROT_READ, MAP_SHARED, fd, 0);
    offset = p == MAP_FAILED ? NULL : p;
    if (fd >= 0) {
        close(fd);
    }
}

static int64_t shift(void)
{
    return offset == NULL ? 0 : *offset;
}

__attribute__((visibility("default"))) int clock_gettime(clockid_t id, struct timespec *ret)
{
    int r = real()(id, ret);
    if (r == 0 && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE)) {
        ret->tv_sec += (time_t)shift();
    }
    return r;
}

__attribute__((visibility("default"))) time_t time(time_t *ret)
{
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_REALTIME, &now);
    if (ret != NULL) {
        *ret = now.tv_sec;
    }
    return now.tv_sec;
}

__attribute__((visibility("default"))) int gettimeofday(struct timeval *ret, void *zone)
{
    struct timespec now = {0};
    (void)zone;
    int r = clock_gettime(CLOCK_REALTIME, &now);
    ret->tv_sec = now.tv_sec;
    ret->tv_usec = (suseconds_t)(now.tv_nsec / 1000);
    return r;
}
