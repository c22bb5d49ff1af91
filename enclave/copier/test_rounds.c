/*
 * Files in rounds: what one that is being written, one that was written anew with the same size, and a disk that
 * fails come to at the other end.
 */
#include "test_fixture.h"

#include <errno.h>
#include <sys/resource.h>

#include "files.h"

/* --- a disk that fails, and what was synced --------------------------------------------------------------- */

static struct {
    bool list, stat;   /* fails from now on */
    ino_t watched;     /* a folder */
    unsigned n_synced; /* so often */
} disk;

struct dirent *__real_readdir64(DIR *d);
struct dirent *__wrap_readdir64(DIR *d);
int __real_fstatat64(int dir, const char *name, struct stat *ret, int flags);
int __wrap_fstatat64(int dir, const char *name, struct stat *ret, int flags);
int __real_fsync(int fd);
int __wrap_fsync(int fd);

struct dirent *__wrap_readdir64(DIR *d)
{
    if (disk.list) {
        errno = EIO;
        return NULL;
    }
    return __real_readdir64(d);
}

int __wrap_fstatat64(int dir, const char *name, struct stat *ret, int flags)
{
    if (disk.stat) {
        errno = EIO;
        return -1;
    }
    return __real_fstatat64(dir, name, ret, flags);
}

int __wrap_fsync(int fd)
{
    struct stat st;
    disk.n_synced += fstat(fd, &st) == 0 && st.st_ino == disk.watched ? 1 : 0;
    return __real_fsync(fd);
}

/* --- files that change ------------------------------------------------------------------------------------- */

/* A column has its full size before its head is written. */
static void test_unfinished(void **state)
{
    (void)state;
    make(F.here, "data/persons");
    make(F.here, "data/persons/0af3");
    put(F.here, "data/persons/0af3/c0001", "0000values", 0);
    check_ok(carry());
    assert_false(is_there("data/persons/0af3/c0001"));
    put(F.here, "data/persons/0af3/c0001", "headvalues", 0);
    put(F.here, "data/persons/0af3/version", "version", 0);
    begin_anew();
    check_ok(carry());
    assert_true(holds(F.there, "data/persons/0af3/c0001", "headvalues"));
    assert_true(holds(F.there, "data/persons/0af3/version", "version"));
}

/* What a refused file left is cut off, and as many other bytes come in its place. */
static void test_same_size(void **state)
{
    static const char paid[] = "payloads/abc/p.1.pay";
    (void)state;
    make(F.here, "payloads/abc");
    put(F.here, UNITS, "keep,old", 100);
    put(F.here, paid, "old", 100);
    check_ok(carry());
    assert_true(holds(F.there, UNITS, "keep,old"));
    put(F.here, UNITS, "keep,new", 50);
    put(F.here, paid, "new", 50);
    check_ok(carry());
    assert_true(holds(F.there, UNITS, "keep,new"));
    assert_true(holds(F.there, paid, "new"));
    put(F.here, UNITS, "keep,3rd", 50); /* of the same size and time, but in the meantime */
    put(F.here, paid, "3rd", 50);
    begin_anew();
    check_ok(carry());
    assert_true(holds(F.there, UNITS, "keep,3rd"));
    assert_true(holds(F.there, paid, "3rd"));
    put(F.here, UNITS, "keep,4th", 0);
    check_ok(carry());
    put(F.here, UNITS, "keep,5th", 0); /* within one tick of the clock that files are stamped by */
    check_ok(carry());
    assert_true(holds(F.there, UNITS, "keep,5th"));
}

/* --- a disk that fails -------------------------------------------------------------------------------------- */

static void make_erasable(void)
{
    make(F.here, "payloads/abc");
    put(F.here, "payloads/abc/p.1.pay", "payload", 100);
    put(F.here, ASKED, "key", 100);
    check_ok(carry());
    assert_true(is_there(ASKED) && is_there("payloads/abc/p.1.pay"));
}

static void check_kept(void)
{
    assert_false(sy_ok(carry()));
    memset(&disk, 0, sizeof(disk));
    assert_true(is_there(ASKED) && is_there("payloads/abc/p.1.pay"));
}

static void test_disk(void **state)
{
    (void)state;
    memset(&disk, 0, sizeof(disk));
    make_erasable();
    disk.list = true;
    check_kept();
    disk.stat = true;
    check_kept();
    check_ok(carry());
    assert_int_equal(renameat(F.here, "payloads", F.root, "unmounted"), 0);
    check_kept();
    assert_int_equal(renameat(F.root, "unmounted", F.here, "payloads"), 0);
    assert_int_equal(unlinkat(F.here, "payloads/abc/p.1.pay", 0), 0);
    check_ok(carry());
    assert_false(is_there("payloads/abc/p.1.pay")); /* what is gone is gone */
    assert_true(is_there(ASKED));
}

/* A folder that is there and does not open: here for want of descriptors. Two are free, for its parent. */
static void test_folder(void **state)
{
    enum { MOST = 64 };
    struct rlimit kept, few;
    LIST_CLEANUP struct list l = list_new();
    int taken[MOST], n = 0;
    (void)state;
    make_erasable();
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &kept), 0);
    few = (struct rlimit){.rlim_cur = MOST, .rlim_max = kept.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
    while ((taken[n] = open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0) {
        n++;
    }
    (void)close(taken[--n]);
    (void)close(taken[--n]);
    sy_status s = files_list(F.here, &l, &F.err);
    while (n > 0) {
        (void)close(taken[--n]);
    }
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &kept), 0);
    assert_false(sy_ok(s));
}

/* Folders that a crash left unsynced are synced before a file in them counts. */
static void test_synced(void **state)
{
    struct stat st;
    (void)state;
    memset(&disk, 0, sizeof(disk));
    make(F.here, "data/persons");
    make(F.here, "data/persons/0af3");
    put(F.here, "data/persons/0af3/version", "version", 0);
    make(F.there, "data/persons");
    assert_int_equal(fstatat(F.there, "data", &st, 0), 0);
    disk.watched = st.st_ino;
    check_ok(carry());
    assert_true(disk.n_synced > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {T(test_unfinished), T(test_same_size), T(test_disk),
                                       T(test_folder), T(test_synced)};
    return cmocka_run_group_tests_name("copier_rounds", tests, NULL, NULL);
}
