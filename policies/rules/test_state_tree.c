/*
 * The tree of rows against a plain sorted array, through random keys that begin one another, random clones and
 * random deletions: look-ups, order, sizes, and that no clone sees what came after it. The same in a state that
 * remembers, which has memory of its own. SHUYU_SEED repeats it.
 */
#include "test_kit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "state_internal.h"

enum { KEYS = 600, ROUNDS = 40000, CLONES = 24 };

struct model {
    struct sy_view keys[KEYS]; /* ascending */
    uint32_t values[KEYS];     /* 0: no row */
};

static uint64_t chance;

static uint32_t pick(uint32_t n)
{
    chance = chance * 6364136223846793005U + 1442695040888963407U;
    return (uint32_t)(chance >> 33) % n;
}

static void seed(void)
{
    const char *text = getenv("SHUYU_SEED");
    chance = text == NULL ? 0 : strtoull(text, NULL, 10);
    if (chance == 0) {
        FILE *f = fopen("/dev/urandom", "rbe");
        assert_non_null(f);
        assert_int_equal(fread(&chance, sizeof(chance), 1, f), 1);
        (void)fclose(f);
        chance %= 1U << 31;
    }
    print_message("# SHUYU_SEED=%llu\n", (unsigned long long)chance);
}

static int by_key(const void *a, const void *b)
{
    return sy_view_cmp(*(const struct sy_view *)a, *(const struct sy_view *)b);
}

/* Keys of few letters, some of all bytes, some as long as may be, some that go on where another stops; each once. */
static void make_keys(struct model *m, struct sy_arena *arena)
{
    size_t n = 0;
    while (n < KEYS) {
        uint8_t text[RULES_KEY_MAX];
        size_t len = pick(50) == 0 ? RULES_KEY_MAX : 1 + pick(9);
        struct sy_view base = n > 0 && pick(3) == 0 ? m->keys[pick((uint32_t)n)] : V("");
        base.n = base.n == 0 ? 0 : pick((uint32_t)base.n + 1);
        if (base.n > 0) {
            memcpy(text, base.p, base.n);
        }
        len = base.n + len > RULES_KEY_MAX ? RULES_KEY_MAX : base.n + len;
        for (size_t i = base.n; i < len; i++) {
            text[i] = n % 7 == 0 ? (uint8_t)pick(256) : (uint8_t) "ab/"[pick(3)];
        }
        bool known = false;
        for (size_t i = 0; i < n; i++) {
            known = known || sy_view_eq(m->keys[i], sy_view(text, len));
        }
        if (!known) {
            m->keys[n++] = sy_arena_copy(arena, sy_view(text, len));
        }
    }
    qsort(m->keys, KEYS, sizeof(m->keys[0]), by_key);
}

/* Everything that can be read, in order. */
static void check_all(const struct rules_state *s, const struct model *m)
{
    struct sy_view key = {0};
    struct sy_view value;
    size_t rows = 0;
    uint64_t bytes = 0;
    for (size_t i = 0; i < KEYS; i++) {
        assert_int_equal(rules_state_get(s, m->keys[i], &value), m->values[i] != 0);
        if (m->values[i] == 0) {
            continue;
        }
        assert_memory_equal(value.p, &m->values[i], sizeof(m->values[i]));
        assert_true(rules_state_next(s, (struct sy_view){0}, key, &key, &value));
        assert_true(sy_view_eq(key, m->keys[i]));
        rows++;
        bytes += key.n + value.n;
    }
    assert_false(rules_state_next(s, (struct sy_view){0}, key, &key, &value));
    assert_int_equal(rules_state_n_rows(s), rows);
    assert_int_equal(rules_state_n_bytes(s), bytes);
}

/* The next row after any key, there or not, below any prefix. */
static void check_next(const struct rules_state *s, const struct model *m)
{
    struct sy_view after = m->keys[pick(KEYS)];
    struct sy_view prefix = m->keys[pick(KEYS)];
    struct sy_view key, value;
    prefix.n = pick((uint32_t)prefix.n + 1);
    size_t want = 0;
    while (want < KEYS && (m->values[want] == 0 || !sy_view_starts(m->keys[want], prefix) ||
                           sy_view_cmp(m->keys[want], after) <= 0)) {
        want++;
    }
    assert_int_equal(rules_state_next(s, prefix, after, &key, &value), want < KEYS);
    assert_true(want == KEYS || sy_view_eq(key, m->keys[want]));
}

static void change(struct rules_state *s, struct model *m)
{
    size_t i = pick(KEYS);
    m->values[i] = pick(3) == 0 ? 0 : pick(1U << 30) + 1;
    check_ok(rules_state_put_raw(s, m->keys[i],
                                 m->values[i] == 0 ? (struct sy_view){0}
                                                   : sy_view(&m->values[i], sizeof(m->values[i]))));
}

static void against_an_array(bool remember)
{
    static struct model now, then[CLONES];
    struct rules_state *clones[CLONES] = {0};
    struct rules_state *s = rules_state_new();
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    seed();
    memset(&now, 0, sizeof(now));
    make_keys(&now, &arena);
    if (remember) {
        check_ok(rules_state_remember(s));
    }
    for (size_t i = 0; i < ROUNDS; i++) {
        change(s, &now);
        check_next(s, &now);
        if (i % 500 == 0) {
            size_t k = pick(CLONES);
            rules_state_free(clones[k]);
            clones[k] = rules_state_clone(s);
            then[k] = now;
            change(clones[k], &then[k]); /* clones go on by themselves */
        }
        if (i % 1000 == 0) {
            state_warm(s, now.keys, KEYS); /* whatever is there */
            check_all(s, &now);
        }
    }
    check_all(s, &now);
    rules_state_free(s); /* before those that share with it */
    for (size_t k = 0; k < CLONES; k++) {
        if (clones[k] != NULL) {
            check_all(clones[k], &then[k]);
        }
        rules_state_free(clones[k]);
    }
}

static void test_against_an_array(void **state)
{
    (void)state;
    against_an_array(false);
}

static void test_with_own_memory(void **state)
{
    (void)state;
    against_an_array(true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_against_an_array),
                                       cmocka_unit_test(test_with_own_memory)};
    return cmocka_run_group_tests_name("rules_state_tree", tests, NULL, NULL);
}
