/* What every cmocka test file includes: the library's required headers, in its required order. */
#ifndef TESTS_UNIT_CHECK_H
#define TESTS_UNIT_CHECK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs the four above first */
#include <cmocka.h>

#include "base/status.h"

/* The status is OK / has exactly this code; failures print the code's name. */
#define check_ok(call)                                                                             \
    do {                                                                                           \
        sy_status check_s_ = (call);                                                               \
        if (!sy_ok(check_s_)) {                                                                    \
            fail_msg("%s: %s", #call, sy_code_name(check_s_.code));                                \
        }                                                                                          \
    } while (0)
#define check_code(call, want)                                                                     \
    do {                                                                                           \
        sy_status check_s_ = (call);                                                               \
        if (check_s_.code != (want)) {                                                             \
            fail_msg("%s: %s, want %s", #call, sy_code_name(check_s_.code), sy_code_name(want));   \
        }                                                                                          \
    } while (0)

/* Leave a test that this machine cannot run, and say so. cmocka's own skip() is `not ok` in its TAP
 * output, which counts as a failure. */
#define check_skip(why)                                                                            \
    do {                                                                                           \
        print_message("# SKIPPED %s: %s\n", __func__, (why));                                      \
        return;                                                                                    \
    } while (0)

#endif
