/*
 * Tests of records: round trips with every combination of optional fields, refusals that name the
 * field, explicit zeros, unknown keys, limits of buffers, arenas, lists and depth, and mutations of
 * a valid record, which either fail or are the encoding of what they decode to.
 */
#include "test_record.h"

#include "base/arena.h"
#include "src/schema_read.h"
#include "wire/records.h"

static void test_descriptors_keep_the_rules(void **state)
{
    (void)state;
    assert_null(sy_record_check(&sy_t_leaf_desc));
    assert_null(sy_record_check(&sy_t_all_desc));
    assert_null(sy_record_check(&sy_t_tree_desc));
}

static void test_every_record_of_the_system_keeps_the_rules(void **state)
{
    (void)state;
    for (size_t i = 0; i < sy_n_records; i++) {
        const char *key = sy_record_check(sy_records[i]);
        if (key != NULL) {
            fail_msg("%s: %s", sy_records[i]->name, key);
        }
    }
}

static void test_bad_descriptors_are_found(void **state)
{
    (void)state;
    const struct sy_field good = {SY_KEY("m"), SY_KIND_u64, 0, 0, 0, NULL};
    const struct sy_field bad_fields[] = {
        {SY_KEY("m"), SY_KIND_u64, 0, 0, 0, NULL},        /* twice the same key */
        {SY_KEY("a"), SY_KIND_u64, 0, 0, 0, NULL},        /* out of order */
        {SY_KEY("z"), SY_KIND_NONE, 0, 0, 0, NULL},       /* no kind */
        {SY_KEY("z"), SY_KIND_N, 0, 0, 0, NULL},          /* no such kind */
        {SY_KEY("z"), SY_KIND_u64, 2, 0, 0, NULL},        /* no such flag */
        {SY_KEY("z"), SY_KIND_u64, 0, 60, 0, NULL},       /* runs past the struct */
        {SY_KEY("z"), SY_KIND_u64, 0, SIZE_MAX, 0, NULL}, /* far past it */
        {SY_KEY("z"), SY_KIND_strs, 0, 0, 0, NULL},       /* a list without a count */
        {SY_KEY("z"), SY_KIND_strs, 0, 0, 60, NULL},      /* a count past the struct */
        {SY_KEY("z"), SY_KIND_sub, 0, 0, 0, NULL},        /* a sub-record without a descriptor */
        {SY_KEY("z"), SY_KIND_list, 0, 0, 8, NULL},       /* a list without one */
        {SY_KEY("z"), SY_KIND_u64, 0, 0, 0, &sy_t_leaf_desc}, /* a number with one */
        {"z", {0xA1, "y"}, SY_KIND_u64, 0, 0, 0, NULL},       /* a key encoded as another */
        {"z", {0xA2, "z"}, SY_KIND_u64, 0, 0, 0, NULL},       /* as a longer one */
        {"z", {0}, SY_KIND_u64, 0, 0, 0, NULL},               /* not at all */
        {"zzzzzzzzzzzzzzzzzzzzzzzz", {0xB8, "z"}, SY_KIND_u64, 0, 0, 0, NULL}, /* too long */
        {SY_KEY("\xFF"), SY_KIND_u64, 0, 0, 0, NULL}, /* a key that is not text */
    };
    for (size_t i = 0; i < N_OF(bad_fields); i++) {
        const struct sy_field fields[] = {good, bad_fields[i]};
        const struct sy_desc desc = {"bad", 64, fields, 2};
        const char *key = sy_record_check(&desc);
        if (key == NULL || strcmp(key, bad_fields[i].key) != 0) {
            fail_msg("descriptor %zu passed", i);
        }
        const struct sy_field outer[] = {{SY_KEY("k"), SY_KIND_sub, 0, 0, 0, &desc}};
        const struct sy_desc nested = {"outer", 64, outer, 1};
        assert_string_equal(sy_record_check(&nested), bad_fields[i].key);
    }
    const struct sy_field empty[] = {{SY_KEY(""), SY_KIND_u64, 0, 0, 0, NULL}};
    const struct sy_desc desc = {"bad", 64, empty, 1};
    assert_string_equal(sy_record_check(&desc), "");
    const struct sy_field none[] = {{NULL, {0}, SY_KIND_u64, 0, 0, 0, NULL}};
    const struct sy_desc keyless = {"bad", 64, none, 1};
    assert_non_null(sy_record_check(&keyless));
}

static void test_small_records_have_known_bytes(void **state)
{
    (void)state;
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(256);
    const struct sy_t_leaf absent = {.x = 0};
    const struct sy_t_leaf both = {.label = sy_view_str("l"), .x = -5};
    check_ok(sy_record_encode(&sy_t_leaf_desc, &absent, &b));
    check_hex(&b, "81 a178 00");
    sy_buf_clear(&b);
    check_ok(sy_record_encode(&sy_t_leaf_desc, &both, &b));
    check_hex(&b, "82 a56c6162656c a16c a178 fb");
    sy_buf_clear(&b);
    const struct sy_t_tree nothing = {.v = 0};
    check_ok(sy_record_encode(&sy_t_tree_desc, &nothing, &b));
    check_hex(&b, "80");
}

static void check_leaf(const struct sy_t_leaf *a, const struct sy_t_leaf *b)
{
    assert_true(sy_view_eq(a->label, b->label));
    assert_int_equal(a->x, b->x);
}

static void check_views(const struct sy_view *a, size_t n_a, const struct sy_view *b, size_t n_b)
{
    assert_int_equal(n_a, n_b);
    for (size_t i = 0; i < n_a; i++) {
        assert_true(sy_view_eq(a[i], b[i]));
    }
}

static void check_words(const void *a, size_t n_a, const void *b, size_t n_b)
{
    assert_int_equal(n_a, n_b);
    if (n_a > 0) {
        assert_memory_equal(a, b, n_a * sizeof(uint64_t));
    }
}

static void check_required(const struct sy_t_all *a, const struct sy_t_all *b)
{
    assert_memory_equal(a->b16, b->b16, 16);
    assert_memory_equal(a->b32, b->b32, 32);
    assert_true(sy_view_eq(a->bin, b->bin) && sy_view_eq(a->str, b->str));
    assert_true(sy_view_eq(a->raw, b->raw) && a->flag == b->flag);
    assert_true(a->i64 == b->i64 && a->u64 == b->u64);
    check_views(a->bins, a->n_bins, b->bins, b->n_bins);
    check_views(a->strs, a->n_strs, b->strs, b->n_strs);
    check_words(a->i64s, a->n_i64s, b->i64s, b->n_i64s);
    check_words(a->u64s, a->n_u64s, b->u64s, b->n_u64s);
    check_leaf(&a->sub, &b->sub);
    assert_int_equal(a->n_list, b->n_list);
    for (size_t i = 0; i < a->n_list; i++) {
        check_leaf(&a->list[i], &b->list[i]);
    }
}

static void check_optional(const struct sy_t_all *a, const struct sy_t_all *b)
{
    assert_memory_equal(a->o_b16, b->o_b16, 16);
    assert_memory_equal(a->o_b32, b->o_b32, 32);
    assert_true(sy_view_eq(a->o_bin, b->o_bin) && sy_view_eq(a->o_str, b->o_str));
    assert_true(sy_view_eq(a->o_raw, b->o_raw) && a->o_flag == b->o_flag);
    assert_true(a->o_i64 == b->o_i64 && a->o_u64 == b->o_u64);
    check_views(a->o_bins, a->n_o_bins, b->o_bins, b->n_o_bins);
    check_views(a->o_strs, a->n_o_strs, b->o_strs, b->n_o_strs);
    check_words(a->o_i64s, a->n_o_i64s, b->o_i64s, b->n_o_i64s);
    check_words(a->o_u64s, a->n_o_u64s, b->o_u64s, b->n_o_u64s);
    check_leaf(&a->o_sub, &b->o_sub);
    assert_int_equal(a->n_o_list, b->n_o_list);
    for (size_t i = 0; i < a->n_o_list; i++) {
        check_leaf(&a->o_list[i], &b->o_list[i]);
    }
}

static void check_round_trip(const struct sy_t_all *r)
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(4096);
    SY_BUF_CLEANUP struct sy_buf again = sy_buf(4096);
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct sy_t_all back;
    encode_all(r, &b);
    check_ok(
        sy_record_decode(&sy_t_all_desc, sy_buf_view(&b), &SY_MP_REQUEST, &arena, &back, NULL));
    check_required(r, &back);
    check_optional(r, &back);
    encode_all(&back, &again);
    assert_true(sy_view_eq(sy_buf_view(&b), sy_buf_view(&again)));
}

static void test_records_round_trip(void **state)
{
    (void)state;
    struct sy_t_all r = full_record();
    check_round_trip(&r);
    r = bare_record();
    check_round_trip(&r);
}

/* Which optional fields are there is drawn; each combination must come back as it was. */
static void test_random_records_round_trip(void **state)
{
    (void)state;
    uint64_t seed = start_random();
    for (int i = 0; i < 5000; i++) {
        struct sy_t_all r = full_record();
        uint64_t drop = next_random(&seed);
        r.u64 = next_random(&seed) >> (drop & 63);
        r.i64 = (int64_t)(next_random(&seed) >> (drop & 63));
        for (size_t k = 0; k < sy_t_all_desc.n_fields; k++) {
            const struct sy_field *f = &sy_t_all_desc.fields[k];
            if ((f->flags & SY_OPT) == 0 || (drop >> k & 1) == 0) {
                continue;
            }
            size_t width = f[1].offset - f->offset; /* an optional field is never the last here */
            memset((char *)&r + f->offset, 0, width);
        }
        check_round_trip(&r);
    }
}

/* Decode a leaf given in hex: the code and, on errors, the field that is named. */
static void check_decode(const struct sy_desc *desc, const char *hex, int32_t want,
                         const char *field)
{
    struct bytes in = unhex(hex);
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct sy_t_all record;
    struct sy_error e = {0};
    memset(&record, 0xEE, sizeof(record));
    sy_status s = sy_record_decode(desc, view_of(&in), &SY_MP_REQUEST, &arena, &record, &e);
    if (s.code != want || strcmp(e.field, field) != 0) {
        fail_msg("%s: %s at '%s', want %s at '%s'", hex, sy_code_name(s.code), e.field,
                 sy_code_name(want), field);
    }
    const char *p = (const char *)&record;
    for (size_t i = 0; want != 0 && i < desc->size_bytes; i++) {
        assert_int_equal(p[i], 0);
    }
    assert_int_equal(e.code, want);
}

static void test_leaves_refuse_by_name(void **state)
{
    (void)state;
    static const struct {
        const char *hex;
        int32_t code;
        const char *field;
    } cases[] = {
        {"81 a178 00", 0, ""},
        {"82 a56c6162656c a16c a178 00", 0, ""},
        {"80", SY_E_FIELD, "x"},                                  /* missing */
        {"81 a56c6162656c a16c", SY_E_FIELD, "x"},                /* missing, another is there */
        {"82 a56c6162656c a0 a178 00", SY_E_FIELD, "label"},      /* explicit empty */
        {"82 a161 00 a178 00", SY_E_FIELD, ""},                   /* unknown, first */
        {"82 a16d 00 a178 00", SY_E_FIELD, ""},                   /* unknown, between */
        {"82 a178 00 a179 00", SY_E_FIELD, ""},                   /* unknown, last */
        {"82 a178 00 a27878 00", SY_E_FIELD, ""},                 /* unknown, a longer name */
        {"81 a158 00", SY_E_FIELD, ""},                           /* X is not x */
        {"81 a178 a130", SY_E_FIELD, "x"},                        /* text for a number */
        {"81 a178 c0", SY_E_FIELD, "x"},                          /* nil for a number */
        {"81 a178 cfffffffffffffffff", SY_E_FIELD, "x"},          /* out of range */
        {"82 a56c6162656c c4016c a178 00", SY_E_FIELD, "label"},  /* bytes for text */
        {"90", SY_E_FIELD, ""},                                   /* not a map */
        {"c0", SY_E_FIELD, ""},                                   /* not a map */
        {"82 a178 00 a56c6162656c a16c", SY_E_NOT_CANONICAL, ""}, /* unsorted */
        {"82 a178 00 a178 00", SY_E_NOT_CANONICAL, ""},           /* twice */
        {"81 a178 cc00", SY_E_NOT_CANONICAL, ""},                 /* not shortest */
        {"81 a178 00 00", SY_E_NOT_CANONICAL, ""},                /* bytes follow */
        {"81 a178", SY_E_NOT_CANONICAL, ""},                      /* cut */
        {"dd0fffffff", SY_E_LIMIT, ""},                           /* huge */
    };
    for (size_t i = 0; i < N_OF(cases); i++) {
        check_decode(&sy_t_leaf_desc, cases[i].hex, cases[i].code, cases[i].field);
    }
}

static void test_paths_name_nested_fields(void **state)
{
    (void)state;
    check_decode(&sy_t_tree_desc, "80", 0, "");
    check_decode(&sy_t_tree_desc, "81 a46b696473 91 80", 0, "");
    check_decode(&sy_t_tree_desc, "81 a46b696473 90", SY_E_FIELD, "kids");
    check_decode(&sy_t_tree_desc, "81 a46b696473 c0", SY_E_FIELD, "kids");
    check_decode(&sy_t_tree_desc, "81 a46b696473 80", SY_E_FIELD, "kids");
    check_decode(&sy_t_tree_desc, "81 a176 00", SY_E_FIELD, "v");
    check_decode(&sy_t_tree_desc, "81 a46b696473 91 01", SY_E_FIELD, "kids[0]");
    check_decode(&sy_t_tree_desc, "81 a46b696473 92 80 81 a176 00", SY_E_FIELD, "kids[1].v");
    check_decode(&sy_t_tree_desc, "81 a46b696473 92 80 81 a177 00", SY_E_FIELD, "kids[1]");
    check_decode(&sy_t_tree_desc, "81 a46b696473 91 81 a46b696473 93 80 80 81 a176 ff", SY_E_FIELD,
                 "kids[0].kids[2].v");
    /* A path longer than its place is cut, not lost. */
    check_decode(&sy_t_tree_desc,
                 "81a46b69647391 81a46b69647391 81a46b69647391 81a46b69647391 81a46b69647391"
                 "81a46b69647391 81a46b69647391 81 a176 00",
                 SY_E_FIELD, "kids[0].kids[0].kids[0].kids[0].kids[0].kids[0].kids[0].v");
}

/* Put one field of the full record in another form and see it refused under its name. */
static void check_one_field(const char *key, const char *hex, int32_t want)
{
    struct sy_t_all r = full_record();
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(4096);
    SY_BUF_CLEANUP struct sy_buf changed = sy_buf(4096);
    SY_MP_CLEANUP struct sy_mp_doc doc = {0};
    encode_all(&r, &b);
    check_ok(sy_mp_open(sy_buf_view(&b), &SY_MP_REQUEST, &doc, NULL));
    const struct bytes value = unhex(hex);
    check_ok(sy_mp_put_map(&changed, doc.root.via.map.size));
    for (uint32_t i = 0; i < doc.root.via.map.size; i++) {
        const msgpack_object_kv *kv = &doc.root.via.map.ptr[i];
        struct sy_view k = {0};
        assert_true(sy_mp_str(&kv->key, &k));
        check_ok(sy_mp_put_str(&changed, k));
        check_ok(sy_view_is(k, key) ? sy_mp_put_raw(&changed, view_of(&value))
                                    : sy_mp_put_object(&changed, &kv->val));
    }
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct sy_error e = {0};
    sy_status s =
        sy_record_decode(&sy_t_all_desc, sy_buf_view(&changed), &SY_MP_REQUEST, &arena, &r, &e);
    if (s.code != want || (want != 0 && strncmp(e.field, key, strlen(key)) != 0)) {
        fail_msg("%s = %s: %s at '%s'", key, hex, sy_code_name(s.code), e.field);
    }
}

static void test_explicit_zeros_are_refused(void **state)
{
    (void)state;
    static const char zeros16[] = "c410 00000000000000000000000000000000";
    static const char zeros32[] =
        "c420 0000000000000000000000000000000000000000000000000000000000000000";
    static const char *const cases[][2] = {
        {"b16", zeros16}, {"b32", zeros32}, {"bin", "c400"},       {"bins", "90"}, {"bool", "c2"},
        {"i64", "00"},    {"i64s", "90"},   {"list", "90"},        {"str", "a0"},  {"strs", "90"},
        {"u64", "00"},    {"u64s", "90"},   {"sub", "81 a178 00"},
    };
    for (size_t i = 0; i < N_OF(cases); i++) {
        char optional[16];
        snprintf(optional, sizeof(optional), "o_%s", cases[i][0]);
        check_one_field(cases[i][0], cases[i][1], 0); /* where it is required, zero is a value */
        check_one_field(optional, cases[i][1], SY_E_FIELD);
    }
    check_one_field("o_raw", "00", 0); /* raw counts bytes, not what they mean */
}

static void test_wrong_kinds_are_refused(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"b16", "c40100"},
        {"b16", "b0 30303030303030303030303030303030"},
        {"b32", "c410 00000000000000000000000000000000"},
        {"b32", "c0"},
        {"bin", "a161"},
        {"bins", "91a161"},
        {"bins", "c400"},
        {"bool", "00"},
        {"i64", "cf8000000000000000"},
        {"i64s", "91cf8000000000000000"},
        {"list", "9180"},
        {"list", "80"},
        {"str", "c40161"},
        {"strs", "92a161c40162"},
        {"strs", "a161"},
        {"sub", "90"},
        {"sub", "80"},
        {"u64", "ff"},
        {"u64s", "9201ff"},
        {"u64s", "01"},
        {"o_bool", "c0"},
    };
    for (size_t i = 0; i < N_OF(cases); i++) {
        check_one_field(cases[i][0], cases[i][1], SY_E_FIELD);
    }
}

static void test_encode_refuses_what_no_one_could_read(void **state)
{
    (void)state;
    static const struct sy_view bad_texts[] = {{(const uint8_t *)"ok", 2},
                                               {(const uint8_t *)"\xFF", 1}};
    static const struct sy_view bad_raws[] = {{NULL, 0},
                                              {(const uint8_t *)"\xC0\xC0", 2},
                                              {(const uint8_t *)"\xCC\x05", 2},
                                              {(const uint8_t *)"\xC1", 1}};
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(4096);
    check_ok(sy_mp_put_nil(&b));
    struct sy_t_all r = full_record();
    r.o_str = bad_texts[1];
    check_code(sy_record_encode(&sy_t_all_desc, &r, &b), SY_E_FIELD);
    r = full_record();
    struct sy_view texts[2];
    memcpy(texts, bad_texts, sizeof(texts));
    r.strs = texts;
    r.n_strs = 2;
    check_code(sy_record_encode(&sy_t_all_desc, &r, &b), SY_E_FIELD);
    for (size_t i = 0; i < N_OF(bad_raws); i++) {
        r = full_record();
        r.raw = bad_raws[i];
        check_code(sy_record_encode(&sy_t_all_desc, &r, &b), SY_E_FIELD);
    }
    r = full_record();
    r.n_u64s = SY_LIST_MAX + 1;
    check_code(sy_record_encode(&sy_t_all_desc, &r, &b), SY_E_FIELD);
    r = full_record();
    r.u64s = NULL;
    check_code(sy_record_encode(&sy_t_all_desc, &r, &b), SY_E_FIELD);
    check_hex(&b, "c0");
}

static void test_encode_into_too_small_buffers(void **state)
{
    (void)state;
    struct sy_t_all r = full_record();
    SY_BUF_CLEANUP struct sy_buf whole = sy_buf(4096);
    encode_all(&r, &whole);
    for (size_t room = 1; room <= whole.n; room++) {
        SY_BUF_CLEANUP struct sy_buf b = sy_buf(room);
        sy_status s = sy_record_encode(&sy_t_all_desc, &r, &b);
        assert_int_equal(s.code, room == whole.n ? 0 : SY_E_LIMIT);
        assert_int_equal(b.n, room == whole.n ? whole.n : 0);
    }
}

static void test_decode_keeps_to_the_arena(void **state)
{
    (void)state;
    struct sy_t_all r = full_record();
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(4096);
    encode_all(&r, &b);
    size_t ceiling = 16;
    for (bool fits = false; !fits; ceiling += 16) {
        SY_ARENA_CLEANUP struct sy_arena arena = {.ceiling = ceiling};
        struct sy_error e = {0};
        sy_status s =
            sy_record_decode(&sy_t_all_desc, sy_buf_view(&b), &SY_MP_REQUEST, &arena, &r, &e);
        fits = sy_ok(s);
        assert_true(fits || s.code == SY_E_LIMIT);
        assert_true(fits || (r.u64 == 0 && e.field[0] != '\0'));
    }
    assert_true(ceiling > 100 && ceiling < 2000);
}

static void test_lists_have_a_limit(void **state)
{
    (void)state;
    static const struct sy_field fields[] = {
        {SY_KEY("n"), SY_KIND_u64s, 0, 0, sizeof(void *), NULL}};
    static const struct sy_desc desc = {"long", sizeof(void *) + sizeof(size_t), fields, 1};
    for (size_t over = 0; over < 2; over++) {
        size_t n = SY_LIST_MAX + over;
        SY_BUF_CLEANUP struct sy_buf b = sy_buf(4 << 20);
        SY_ARENA_CLEANUP struct sy_arena arena = {0};
        struct {
            uint64_t *p;
            size_t n;
        } record;
        check_ok(sy_mp_put_map(&b, 1));
        check_ok(sy_mp_put_str(&b, sy_view_str("n")));
        check_ok(sy_mp_put_array(&b, n));
        uint8_t *zeros = sy_buf_reserve(&b, n);
        assert_non_null(zeros);
        memset(zeros, 0, n);
        b.n += n;
        check_code(sy_record_decode(&desc, sy_buf_view(&b), &SY_MP_LARGE, &arena, &record, NULL),
                   over == 0 ? 0 : SY_E_FIELD);
        assert_int_equal(record.n, over == 0 ? n : 0);
    }
}

/* A chain of trees n deep: each level is a map and, but for the last, an array. */
static void test_encode_depth_matches_decode(void **state)
{
    (void)state;
    for (size_t levels = 1; levels < 12; levels++) {
        struct sy_t_tree chain[12];
        memset(chain, 0, sizeof(chain));
        for (size_t i = 0; i + 1 < levels; i++) {
            chain[i].kids = &chain[i + 1];
            chain[i].n_kids = 1;
        }
        SY_BUF_CLEANUP struct sy_buf b = sy_buf(4096);
        SY_ARENA_CLEANUP struct sy_arena arena = {0};
        bool fits = 2 * levels - 1 <= 16;
        check_code(sy_record_encode(&sy_t_tree_desc, &chain[0], &b), fits ? 0 : SY_E_FIELD);
        assert_int_equal(b.n > 0, fits);
        struct sy_t_tree back;
        if (fits) {
            check_ok(sy_record_decode(&sy_t_tree_desc, sy_buf_view(&b), &SY_MP_REQUEST, &arena,
                                      &back, NULL));
        }
    }
    struct sy_t_tree loop = {.n_kids = 1};
    loop.kids = &loop;
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(4096);
    check_code(sy_record_encode(&sy_t_tree_desc, &loop, &b), SY_E_FIELD);
}

static void test_decode_object_of_a_foreign_frame(void **state)
{
    (void)state;
    /* Loosely parsed maps must not slip through the merge of keys. */
    static const char *const cases[] = {"82 a178 00 a56c6162656c a16c", "82 a178 00 a178 00",
                                        "82 c40178 00 a178 00", "81 01 00"};
    for (size_t i = 0; i < N_OF(cases); i++) {
        struct bytes in = unhex(cases[i]);
        SY_MP_CLEANUP struct sy_mp_doc doc = {0};
        SY_ARENA_CLEANUP struct sy_arena arena = {0};
        struct sy_t_leaf leaf;
        check_ok(sy_mp_open_loose(view_of(&in), &SY_MP_REQUEST, &doc, NULL));
        check_code(sy_record_decode_object(&sy_t_leaf_desc, &doc.root, &arena, &leaf, NULL),
                   SY_E_FIELD);
    }
    /* A raw value that has no canonical form has no bytes to give. */
    static const struct sy_field fields[] = {{SY_KEY("r"), SY_KIND_raw, 0, 0, 0, NULL}};
    static const struct sy_desc desc = {"raw", sizeof(struct sy_view), fields, 1};
    struct bytes in = unhex("81 a172 ca00000000");
    SY_MP_CLEANUP struct sy_mp_doc doc = {0};
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct sy_error e = {0};
    struct sy_view raw;
    check_ok(sy_mp_open_loose(view_of(&in), &SY_MP_REQUEST, &doc, NULL));
    check_code(sy_record_decode_object(&desc, &doc.root, &arena, &raw, &e), SY_E_NOT_CANONICAL);
    assert_string_equal(e.field, "r");
}

/* What the reference decoder says, and whether the reader in one pass agrees. */
static bool both_decode(struct sy_view bytes, const struct sy_mp_limits *limits)
{
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    SY_MP_CLEANUP struct sy_mp_doc doc = {0};
    struct sy_t_all slow;
    struct sy_t_all fast = {0};
    sy_status s = sy_mp_open(bytes, limits, &doc, NULL);
    s = sy_ok(s) ? sy_record_decode_object(&sy_t_all_desc, &doc.root, &arena, &slow, NULL) : s;
    if (sy_schema_read(&sy_t_all_desc, bytes, limits, &arena, &fast) != sy_ok(s)) {
        fail_msg("the reference says %s", sy_code_name(s.code));
    }
    return sy_ok(s);
}

/* Decoding changed bytes either fails, leaving zeros, or the bytes are that record's encoding. */
static size_t check_mutant(struct sy_view bytes)
{
    (void)both_decode(bytes, &SY_MP_REQUEST);
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    SY_BUF_CLEANUP struct sy_buf again = sy_buf(8192);
    struct sy_t_all r;
    static const struct sy_t_all zeros;
    sy_status s = sy_record_decode(&sy_t_all_desc, bytes, &SY_MP_REQUEST, &arena, &r, NULL);
    if (!sy_ok(s)) {
        assert_memory_equal(&r, &zeros, sizeof(r));
        return 0;
    }
    encode_all(&r, &again);
    assert_true(sy_view_eq(sy_buf_view(&again), bytes));
    return 1;
}

/* Both count depth, values and bytes alike: the same limits are the first to pass. */
static void test_limits_of_both_readers(void **state)
{
    (void)state;
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(8192);
    struct sy_t_all r = full_record();
    encode_all(&r, &b);
    size_t passed = 0;
    for (size_t values = 0; values < 256; values++) {
        const struct sy_mp_limits limits = {b.n, 16, values};
        passed += both_decode(sy_buf_view(&b), &limits) ? 1 : 0;
    }
    assert_in_range(passed, 1, 255);
    passed = 0;
    for (size_t depth = 0; depth < 20; depth++) {
        const struct sy_mp_limits limits = {b.n, depth, 4096};
        passed += both_decode(sy_buf_view(&b), &limits) ? 1 : 0;
    }
    assert_in_range(passed, 1, 19);
    const struct sy_mp_limits small = {b.n - 1, 16, 4096};
    assert_false(both_decode(sy_buf_view(&b), &small));
}

static void test_every_bit_flip_and_cut(void **state)
{
    (void)state;
    struct sy_t_all r = full_record();
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(4096);
    encode_all(&r, &b);
    size_t n_survived = 0;
    for (size_t i = 0; i < 8 * b.n; i++) {
        b.p[i / 8] ^= (uint8_t)(1u << (i % 8));
        n_survived += check_mutant(sy_buf_view(&b));
        b.p[i / 8] ^= (uint8_t)(1u << (i % 8));
    }
    assert_true(n_survived > 0 && n_survived < 8 * b.n); /* values change, structure does not */
    for (size_t n = 0; n < b.n; n++) {
        assert_int_equal(check_mutant(sy_view(b.p, n)), 0);
    }
    assert_int_equal(check_mutant(sy_buf_view(&b)), 1);
}

/* One random edit: a byte set, inserted or removed. */
static void edit(struct bytes *b, uint64_t *seed)
{
    size_t at = b->n == 0 ? 0 : (size_t)below(seed, b->n);
    uint8_t byte = (uint8_t)next_random(seed);
    uint64_t kind = below(seed, 3);
    if (kind == 0 && b->n > 0) {
        b->p[at] = byte;
    } else if (kind == 1 && b->n < HEX_MAX) {
        memmove(b->p + at + 1, b->p + at, b->n - at);
        b->p[at] = byte;
        b->n++;
    } else if (b->n > 0) {
        memmove(b->p + at, b->p + at + 1, b->n - at - 1);
        b->n--;
    }
}

static void test_random_edits(void **state)
{
    (void)state;
    uint64_t seed = start_random();
    struct sy_t_all r = bare_record();
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(HEX_MAX);
    encode_all(&r, &b);
    for (int i = 0; i < 100000; i++) {
        struct bytes mutant = {.n = b.n};
        memcpy(mutant.p, b.p, b.n);
        for (uint64_t k = 1 + below(&seed, 3); k > 0; k--) {
            edit(&mutant, &seed);
        }
        (void)check_mutant(view_of(&mutant));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_descriptors_keep_the_rules),
        cmocka_unit_test(test_every_record_of_the_system_keeps_the_rules),
        cmocka_unit_test(test_bad_descriptors_are_found),
        cmocka_unit_test(test_small_records_have_known_bytes),
        cmocka_unit_test(test_records_round_trip),
        cmocka_unit_test(test_random_records_round_trip),
        cmocka_unit_test(test_leaves_refuse_by_name),
        cmocka_unit_test(test_paths_name_nested_fields),
        cmocka_unit_test(test_explicit_zeros_are_refused),
        cmocka_unit_test(test_wrong_kinds_are_refused),
        cmocka_unit_test(test_encode_refuses_what_no_one_could_read),
        cmocka_unit_test(test_encode_into_too_small_buffers),
        cmocka_unit_test(test_decode_keeps_to_the_arena),
        cmocka_unit_test(test_lists_have_a_limit),
        cmocka_unit_test(test_encode_depth_matches_decode),
        cmocka_unit_test(test_decode_object_of_a_foreign_frame),
        cmocka_unit_test(test_limits_of_both_readers),
        cmocka_unit_test(test_every_bit_flip_and_cut),
        cmocka_unit_test(test_random_edits),
    };
    return cmocka_run_group_tests_name("wire_record", tests, NULL, NULL);
}
