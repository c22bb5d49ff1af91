/*
 * Tests of UTF-8 in words: every byte at every place of short and long texts, and characters of several bytes across
 * every boundary, at every alignment, in memory that ends where the text does.
 */
#include "check.h"

#include <stdlib.h>

#include "base/view.h"

#define N_OF(a) (sizeof(a) / sizeof((a)[0]))

enum { TEXT_MAX = 27, ALIGNMENTS = 8 };

/* Whether `n` bytes are text, copied to `shift` bytes behind a boundary and to the end of what may be read. */
static bool is_utf8_at(size_t shift, const uint8_t *p, size_t n)
{
    uint8_t *to = malloc(shift + n + (shift + n == 0 ? 1 : 0));
    assert_non_null(to);
    if (n > 0) {
        memcpy(to + shift, p, n);
    }
    const bool is = sy_view_is_utf8(sy_view(to + shift, n));
    free(to);
    return is;
}

static void check_text(const uint8_t *p, size_t n, bool want)
{
    for (size_t shift = 0; shift < ALIGNMENTS; shift++) {
        if (is_utf8_at(shift, p, n) != want) {
            fail_msg("%zu bytes, %zu behind a boundary: not %d", n, shift, want);
        }
    }
}

static void test_every_byte_at_every_place(void **state)
{
    (void)state;
    uint8_t text[TEXT_MAX];
    for (size_t n = 0; n <= TEXT_MAX; n++) {
        memset(text, 'a', sizeof(text));
        check_text(text, n, true);
        for (size_t at = 0; at < n; at++) {
            for (unsigned byte = 0; byte <= UINT8_MAX; byte++) {
                text[at] = (uint8_t)byte;
                check_text(text, n, byte >= 0x01 && byte <= 0x7F);
            }
            text[at] = 'a';
        }
    }
}

/* A character is whole, cut by the end, or has its last byte overwritten by one that is none of its own. */
static void test_characters_across_words(void **state)
{
    static const char *const characters[] = {"\xC3\xA9", "\xE6\x95\xB0", "\xF0\x9F\x98\x80"};
    (void)state;
    uint8_t text[TEXT_MAX];
    for (size_t c = 0; c < N_OF(characters); c++) {
        const size_t width = strlen(characters[c]);
        for (size_t at = 0; at + width <= sizeof(text); at++) {
            memset(text, 'a', sizeof(text));
            memcpy(text + at, characters[c], width);
            for (size_t n = 0; n <= sizeof(text); n++) {
                check_text(text, n, n <= at || n >= at + width);
            }
            text[at + width - 1] = 'a';
            check_text(text, sizeof(text), false);
        }
    }
}

static void test_only_characters(void **state)
{
    static const uint8_t character[] = {0xE6, 0x95, 0xB0};
    (void)state;
    uint8_t text[sizeof(character) * TEXT_MAX];
    for (size_t i = 0; i < sizeof(text); i++) {
        text[i] = character[i % sizeof(character)];
    }
    for (size_t n = 0; n <= sizeof(text); n++) {
        check_text(text, n, n % sizeof(character) == 0);
    }
    check_text(NULL, 0, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_byte_at_every_place),
        cmocka_unit_test(test_characters_across_words),
        cmocka_unit_test(test_only_characters),
    };
    return cmocka_run_group_tests_name("base_view", tests, NULL, NULL);
}
