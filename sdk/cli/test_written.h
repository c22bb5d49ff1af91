/*
 * A file that a test writes and the compilers of YAML then read. One a program: make_file and drop_file are a cmocka
 * test's setup and teardown.
 */
#ifndef CLI_TEST_WRITTEN_H
#define CLI_TEST_WRITTEN_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check.h"

static char written[64]; /* its path */

static inline int make_file(void **state)
{
    (void)state;
    (void)snprintf(written, sizeof(written), "/tmp/test_written-XXXXXX");
    int fd = mkstemp(written);
    return fd >= 0 ? close(fd) : -1;
}

static inline int drop_file(void **state)
{
    (void)state;
    return unlink(written);
}

/* Replaces what it held. */
static inline void write_text(const char *text)
{
    FILE *f = fopen(written, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, strlen(text), f), strlen(text));
    assert_int_equal(fclose(f), 0);
}

#endif
