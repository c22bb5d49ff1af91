#include "test_golden.h"

#include "check.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/fdio.h"

enum { GOLDEN_MAX = 4 << 20, IDS_MAX = 512, ID_MIN = 16 };

static bool is_hex(uint8_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

static size_t number_of(struct sy_view *ids, size_t *n, struct sy_view id)
{
    for (size_t i = 0; i < *n; i++) {
        if (sy_view_starts(ids[i], id) || sy_view_starts(id, ids[i])) {
            return i + 1;
        }
    }
    assert_true(*n < IDS_MAX);
    ids[(*n)++] = id;
    return *n;
}

/* Runs of at least 16 hexadecimal digits, replaced. */
static void normalise(struct sy_view v, struct sy_buf *b)
{
    static struct sy_view ids[IDS_MAX];
    size_t n_ids = 0;
    for (size_t i = 0; i < v.n;) {
        size_t n = 0;
        while (i + n < v.n && is_hex(v.p[i + n])) {
            n++;
        }
        if (n >= ID_MIN) {
            check_ok(sy_buf_printf(b, "H%zu", number_of(ids, &n_ids, sy_view(v.p + i, n))));
        } else {
            n = n == 0 ? 1 : n;
            check_ok(sy_buf_add(b, v.p + i, n));
        }
        i += n;
    }
}

static void at_folder(const char *folder, const char *name, struct sy_view write,
                      struct sy_buf *read)
{
    SY_FD_CLEANUP int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(fd >= 0);
    if (read == NULL) {
        check_ok(sy_replace_file_at(fd, name, write, 0644));
    } else {
        check_ok(sy_read_file_at(fd, name, read));
    }
}

void check_golden(const char *name, struct sy_view found)
{
    SY_BUF_CLEANUP struct sy_buf text = sy_buf(GOLDEN_MAX);
    SY_BUF_CLEANUP struct sy_buf want = sy_buf(GOLDEN_MAX);
    const char *update = getenv("SHUYU_GOLDEN");
    const char *root = getenv("SHUYU_SOURCE_ROOT");
    char folder[4096];
    normalise(found, &text);
    if (update != NULL) {
        at_folder(update, name, sy_buf_view(&text), NULL);
        return;
    }
    if (root == NULL) {
        print_message("# SKIPPED %s: SHUYU_SOURCE_ROOT is not set\n", name);
        return;
    }
    (void)snprintf(folder, sizeof(folder), "%s/policies/audit/golden", root);
    at_folder(folder, name, (struct sy_view){0}, &want);
    size_t same = 0;
    while (same < text.n && same < want.n && text.p[same] == want.p[same]) {
        same++;
    }
    if (same != text.n || same != want.n) {
        size_t from = same > 100 ? same - 100 : 0;
        fail_msg("%s differs at byte %zu:\n%.200s\nwant:\n%.200s", name, same,
                 (const char *)text.p + from, (const char *)want.p + from);
    }
}
