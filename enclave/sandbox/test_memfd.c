/*
 * Sealed memory files: nothing changes them after sealing, and a receiver takes nothing that is not
 * one, is not fully sealed, or is not of the size it was told.
 */
#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fdio.h"
#include "sandbox/memfd.h"

#define BIG_BYTES (3 * SANDBOX_MEMFD_STEP_BYTES + 17)

static int make(const char *text)
{
    int fd = -1;
    check_ok(sandbox_memfd_make("test", sy_view_str(text), &fd));
    return fd;
}

static void test_maps_what_was_written(void **state)
{
    (void)state;
    uint8_t *bytes = malloc(BIG_BYTES);
    assert_non_null(bytes);
    for (size_t i = 0; i < BIG_BYTES; i++) {
        bytes[i] = (uint8_t)(i * 7 + i / 251);
    }
    SY_FD_CLEANUP int fd = -1;
    SANDBOX_MAP_CLEANUP struct sandbox_map map = {0};
    check_ok(sandbox_memfd_make("test", sy_view(bytes, BIG_BYTES), &fd));
    check_ok(sandbox_memfd_map(fd, BIG_BYTES, &map));
    sy_fd_close(&fd); /* the mapping stays */
    assert_int_equal(map.n, BIG_BYTES);
    assert_memory_equal(map.p, bytes, BIG_BYTES);
    free(bytes);
}

static void test_empty_file_maps_to_nothing(void **state)
{
    (void)state;
    SY_FD_CLEANUP int fd = make("");
    struct sandbox_map map = {.p = (const uint8_t *)"x", .n = 1};
    check_ok(sandbox_memfd_map(fd, 0, &map));
    assert_null(map.p);
    assert_int_equal(map.n, 0);
    sandbox_map_close(&map);
    sandbox_map_close(NULL);
}

static void test_sealed_file_does_not_change(void **state)
{
    (void)state;
    SY_FD_CLEANUP int fd = make("abcdef");
    check_code(sandbox_memfd_append(fd, sy_view_str("x")), SY_E_DENIED);
    assert_int_equal(pwrite(fd, "x", 1, 0), -1);
    assert_int_equal(errno, EPERM);
    assert_int_equal(ftruncate(fd, 1), -1);
    assert_int_equal(errno, EPERM);
    assert_int_equal(ftruncate(fd, 100), -1);
    assert_int_equal(errno, EPERM);
    assert_int_equal(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4), -1);
    assert_int_equal(errno, EPERM);
    assert_int_equal(fcntl(fd, F_ADD_SEALS, 0x10), -1);
    assert_int_equal(errno, EPERM);
    assert_int_equal(fchmod(fd, 0777), -1);
    assert_int_equal(errno, EPERM);
}

static void test_sealed_file_is_never_mapped_writable(void **state)
{
    (void)state;
    SY_FD_CLEANUP int fd = make("abcdef");
    SANDBOX_MAP_CLEANUP struct sandbox_map map = {0};
    assert_ptr_equal(mmap(NULL, 6, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), MAP_FAILED);
    assert_int_equal(errno, EPERM);
    check_ok(sandbox_memfd_map(fd, 6, &map));
    assert_int_equal(mprotect((void *)(uintptr_t)map.p, 6, PROT_READ | PROT_WRITE), -1);
    assert_int_equal(errno, EACCES);
}

static void test_seal_needs_the_size_that_was_meant(void **state)
{
    (void)state;
    SY_FD_CLEANUP int fd = -1;
    check_ok(sandbox_memfd_create("test", &fd));
    check_ok(sandbox_memfd_append(fd, sy_view_str("abc")));
    check_code(sandbox_memfd_seal(fd, 4), SY_E_STATE);
    check_ok(sandbox_memfd_append(fd, sy_view_str("d"))); /* nothing was sealed */
    check_ok(sandbox_memfd_seal(fd, 4));
}

static void test_seal_fails_under_a_writable_mapping(void **state)
{
    (void)state;
    SY_FD_CLEANUP int fd = -1;
    check_ok(sandbox_memfd_create("test", &fd));
    check_ok(sandbox_memfd_append(fd, sy_view_str("abc")));
    void *p = mmap(NULL, 3, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    assert_ptr_not_equal(p, MAP_FAILED);
    check_code(sandbox_memfd_seal(fd, 3), SY_E_IO);
    assert_int_equal(munmap(p, 3), 0);
}

/* Every proper subset of the seals is refused. */
static void test_receiver_refuses_missing_seals(void **state)
{
    (void)state;
    const int seals[] = {F_SEAL_SHRINK, F_SEAL_GROW, F_SEAL_WRITE, F_SEAL_SEAL};
    for (unsigned set = 0; set < 15; set++) {
        SY_FD_CLEANUP int fd = -1;
        check_ok(sandbox_memfd_create("test", &fd));
        check_ok(sandbox_memfd_append(fd, sy_view_str("abc")));
        for (unsigned i = 0; i < 4; i++) {
            if ((set & (1U << i)) != 0) {
                assert_int_equal(fcntl(fd, F_ADD_SEALS, seals[i]), 0);
            }
        }
        struct sandbox_map map = {0};
        check_code(sandbox_memfd_map(fd, 3, &map), SY_E_TAMPERED);
        assert_null(map.p);
    }
}

static void test_receiver_refuses_other_sizes(void **state)
{
    (void)state;
    SY_FD_CLEANUP int fd = make("abc");
    check_code(sandbox_memfd_check(fd, 2), SY_E_TAMPERED);
    check_code(sandbox_memfd_check(fd, 4), SY_E_TAMPERED);
    check_code(sandbox_memfd_check(fd, UINT64_MAX), SY_E_TAMPERED);
}

static void test_receiver_refuses_other_types(void **state)
{
    (void)state;
    check_code(sandbox_memfd_check(-1, 3), SY_E_TAMPERED);
    SY_FD_CLEANUP int file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    struct stat st;
    assert_int_equal(fstat(file, &st), 0);
    check_code(sandbox_memfd_check(file, (uint64_t)st.st_size), SY_E_TAMPERED);
    int pipe_ends[2];
    assert_int_equal(pipe2(pipe_ends, O_CLOEXEC), 0);
    check_code(sandbox_memfd_check(pipe_ends[0], 0), SY_E_TAMPERED);
    sy_fd_close(&pipe_ends[0]);
    sy_fd_close(&pipe_ends[1]);
}

/* An executable memory file with all other seals is no column. */
static void test_receiver_refuses_executable_files(void **state)
{
    (void)state;
    SY_FD_CLEANUP int fd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    assert_true(fd >= 0);
    assert_int_equal(
        fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL), 0);
    check_code(sandbox_memfd_check(fd, 0), SY_E_TAMPERED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_maps_what_was_written),
        cmocka_unit_test(test_empty_file_maps_to_nothing),
        cmocka_unit_test(test_sealed_file_does_not_change),
        cmocka_unit_test(test_sealed_file_is_never_mapped_writable),
        cmocka_unit_test(test_seal_needs_the_size_that_was_meant),
        cmocka_unit_test(test_seal_fails_under_a_writable_mapping),
        cmocka_unit_test(test_receiver_refuses_missing_seals),
        cmocka_unit_test(test_receiver_refuses_other_sizes),
        cmocka_unit_test(test_receiver_refuses_other_types),
        cmocka_unit_test(test_receiver_refuses_executable_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
