/*
 * Disclosure of a year of a small domain: the figures are those that were lived, the bytes are the same whoever makes them and
 * however much the log grows afterwards, and nothing of the log runs in the files.
 */
#include "../rules/test_supervise_kit.h"
#include "test_log_kit.h"

#include <dirent.h>
#include <fcntl.h>
#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "audit/disclose.h"
#include "base/fdio.h"

static struct log_kit L;

#define EVIL "=cmd|'/C calc'!A1 <script>\"x\"</script>"

static void next_year(struct kit *k)
{
    k->time = sup_date(2028, 1, 5);
    assert_int_equal(sup_annual(k, 2027), 0);
}

/* 2027: two runs (one answered twice, one refused by a worker), a denial, an incident, an order; a grant with a hostile
 * title. Then the year is over. */
static void live(struct kit *k)
{
    sup_ready(k);
    assert_int_equal(kit_run(k, "40"), 0);
    assert_int_equal(kit_answer(k, k->entry - 1, "ok"), 0);
    assert_int_equal(kit_run(k, "40"), 0); /* given again */
    assert_int_equal(kit_run(k, "60"), 0);
    assert_int_equal(kit_answer(k, k->entry - 1, "refused"), 0);
    assert_int_equal(kit_run(k, "17"), SY_E_FIELD);
    struct sy_proposal *p = kit_proposal(k);
    uint8_t grant[32];
    memcpy(grant, k->grant, 32);
    p->scene = V("evil");
    p->title = V(EVIL);
    p->datasets[0].n_fields--;
    (void)kit_apply(k, p);
    memcpy(k->grant, grant, 32);
    k->time = sup_date(2027, 6, 1);
    assert_int_equal(sup_incident(k, "acme", NULL, k->time - 7200 - 1), 0);
    assert_int_equal(sup_order(k, "agency", "acme", "security"), 0);
}

static int setup(void **state)
{
    (void)state;
    log_kit_init(&L, "example.org/log");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    log_kit_free(&L);
    return 0;
}

static struct audit_export *lived(void)
{
    live(&L.k);
    next_year(&L.k);
    log_kit_entries(&L);
    return log_kit_open(&L, L.n);
}

static struct sy_view file(const struct audit_disclosure *d, const char *name)
{
    for (size_t i = 0; i < d->n; i++) {
        if (strcmp(d->files[i].name, name) == 0) {
            return d->files[i].bytes;
        }
    }
    fail_msg("no file %s", name);
    return (struct sy_view){0};
}

static json_t *parsed(const struct audit_disclosure *d)
{
    struct sy_view v = file(d, "disclosure.json");
    json_t *j = json_loadb((const char *)v.p, v.n, 0, NULL);
    assert_non_null(j);
    return j;
}

static json_int_t figure(const json_t *j, const char *table, const char *key)
{
    const json_t *row = json_array_get(json_object_get(j, table), 0);
    return json_integer_value(json_object_get(row, key));
}

static const char *word(const json_t *j, const char *table, const char *key)
{
    const json_t *row = json_array_get(json_object_get(j, table), 0);
    return json_string_value(json_object_get(row, key));
}

static bool has(struct sy_view v, const char *text)
{
    return memmem(v.p, v.n, text, strlen(text)) != NULL;
}

/* Most rows of an answer of the kit's model. */
static json_int_t most_rows(void)
{
    struct rules_model m;
    check_ok(rules_model_read(L.k.state, L.k.model, &L.k.arena, &m, NULL));
    assert_true(m.facts.rows_out > 0);
    return (json_int_t)m.facts.rows_out;
}

/* ---- what it says ---- */

static void test_figures(void **state)
{
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct audit_disclosure d;
    struct audit_export *x = lived();
    (void)state;
    check_ok(audit_disclose(x, 2027, &arena, &d, NULL));
    json_t *j = parsed(&d);
    assert_int_equal(json_integer_value(json_object_get(j, "year")), 2027);
    assert_int_equal(json_integer_value(json_object_get(j, "entries")), L.n - 1);
    assert_int_equal(d.entries, L.n - 1);
    assert_int_equal(json_array_size(json_object_get(j, "grants")), 1);
    assert_string_equal(word(j, "grants", "grantee"), "acme");
    assert_string_equal(word(j, "grants", "status"), "suspended");
    assert_string_equal(word(j, "grants", "from"), "2027-01-15");
    assert_int_equal(json_array_size(json_object_get(j, "resources")),
                     figure(j, "grants", "fields") > 0 ? 4 : 0);
    assert_int_equal(figure(j, "resources", "grants"), 1);
    assert_int_equal(json_array_size(json_object_get(j, "parties")), 2);
    assert_int_equal(json_array_size(json_object_get(j, "usage")), 1);
    assert_int_equal(figure(j, "usage", "jobs"), 3);
    assert_int_equal(figure(j, "usage", "denials"), 1);
    assert_int_equal(figure(j, "usage", "rows"),
                     2 * most_rows()); /* of two charges, though one was refused */
    assert_string_equal(word(j, "incidents", "kind"), "linkage");
    assert_string_equal(word(j, "incidents", "punctual"), "late");
    assert_string_equal(word(j, "corrections", "party"), "acme");
    assert_string_equal(word(j, "corrections", "status"), "open");
    json_decref(j);
    audit_close(x);
}

/* What is said in reports, orders and reviews stays in the log. */
static void test_nothing_more(void **state)
{
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct audit_disclosure d;
    struct audit_export *x = lived();
    (void)state;
    check_ok(audit_disclose(x, 2027, &arena, &d, NULL));
    for (size_t i = 0; i < d.n; i++) {
        assert_false(has(d.files[i].bytes, "village")); /* of the incident's text */
        assert_false(has(d.files[i].bytes, "officer")); /* of the order's */
        assert_false(has(d.files[i].bytes, "seen"));    /* an opinion */
    }
    assert_false(has(file(&d, "resources.csv"), "1000")); /* rows of a version */
    audit_close(x);
}

/* ---- bytes ---- */

static void check_same(const struct audit_disclosure *a, const struct audit_disclosure *b)
{
    assert_int_equal(a->n, b->n);
    for (size_t i = 0; i < a->n; i++) {
        assert_string_equal(a->files[i].name, b->files[i].name);
        assert_true(sy_view_eq(a->files[i].bytes, b->files[i].bytes));
    }
    assert_memory_equal(a->digest, b->digest, 32);
}

/* Of the year alone: what happens afterwards changes no byte, and what happens in it does. */
static void test_deterministic(void **state)
{
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct audit_disclosure one, two, other;
    struct audit_export *x = lived();
    (void)state;
    check_ok(audit_disclose(x, 2027, &arena, &one, NULL));
    check_ok(audit_disclose(x, 2027, &arena, &two, NULL));
    check_same(&one, &two);
    audit_close(x);
    assert_int_equal(sup_incident(&L.k, "acme", NULL, L.k.time), 0);
    assert_int_equal(kit_order(&L.k, "agency", "scene.revoke", "incident"), 0);
    L.k.time = sup_date(2029, 1, 2);
    assert_int_equal(sup_annual(&L.k, 2028), 0);
    log_kit_entries(&L);
    x = log_kit_open(&L, L.n);
    check_ok(audit_disclose(x, 2027, &arena, &two, NULL));
    check_same(&one, &two);
    check_ok(audit_disclose(x, 2028, &arena, &other, NULL));
    assert_memory_not_equal(one.digest, other.digest, 32);
    json_t *j = parsed(&other);
    assert_string_equal(word(j, "grants", "status"), "revoked"); /* it was in force in 2028 */
    assert_int_equal(json_array_size(json_object_get(j, "usage")), 0);
    json_decref(j);
    audit_close(x);
}

/* A grant that had ended before the year is none of the year's; one that was cut short in it is. */
static void test_ended(void **state)
{
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct audit_disclosure d;
    struct kit *k = &L.k;
    (void)state;
    sup_granted(k);
    assert_int_equal(kit_order(k, "agency", "scene.revoke", "incident"), 0);
    next_year(k);
    k->time = sup_date(2029, 1, 5);
    assert_int_equal(sup_annual(k, 2028), 0);
    log_kit_entries(&L);
    struct audit_export *x = log_kit_open(&L, L.n);
    check_ok(audit_disclose(x, 2027, &arena, &d, NULL));
    json_t *j = parsed(&d);
    assert_int_equal(json_array_size(json_object_get(j, "grants")), 1);
    json_decref(j);
    check_ok(audit_disclose(x, 2028, &arena, &d, NULL));
    j = parsed(&d);
    assert_int_equal(json_array_size(json_object_get(j, "grants")), 0);
    json_decref(j);
    audit_close(x);
}

/* A year with one grant, of this title. */
static struct audit_export *titled(const char *title)
{
    struct kit *k = &L.k;
    kit_catalogue(k);
    struct sy_proposal *p = kit_proposal(k);
    p->title = V(title);
    assert_int_equal(kit_apply(k, p), 0);
    assert_int_equal(kit_review(k, "operator", "scene.first_review", "approve"), 0);
    assert_int_equal(kit_review(k, "health", "scene.consent", "approve"), 0);
    assert_int_equal(kit_review(k, "clinic", "scene.consent", "approve"), 0);
    assert_int_equal(kit_review(k, "agency", "scene.final_review", "approve"), 0);
    k->time = sup_date(2028, 1, 2);
    assert_int_equal(kit_adopt(k, sup_pack(k, 2)), 0);
    log_kit_entries(&L);
    return log_kit_open(&L, L.n);
}

/* A hostile title: no formula in CSV, no element in HTML, no other value in JSON. */
static void test_hostile(void **state)
{
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct audit_disclosure d;
    struct audit_export *x = titled(EVIL);
    (void)state;
    check_ok(audit_disclose(x, 2027, &arena, &d, NULL));
    struct sy_view csv = file(&d, "grants.csv");
    assert_true(sy_view_starts(csv, V("\xef\xbb\xbf\"")));
    assert_true(has(csv, "\"'=cmd|'/C calc'!A1 <script>\"\"x\"\"</script>\""));
    assert_true(has(csv, "\"\r\n"));
    struct sy_view html = file(&d, "disclosure.html");
    assert_false(has(html, "<script"));
    assert_true(has(html, "&lt;script&gt;&quot;x&quot;"));
    assert_true(has(html, "default-src 'none'"));
    assert_true(has(html, "<th scope=\"col\">") && has(html, "<caption>") &&
                has(html, "lang=\"zh-CN\"") && has(html, "<span lang=\"en\">"));
    json_t *j = parsed(&d);
    assert_string_equal(word(j, "grants", "content"), EVIL);
    json_decref(j);
    audit_close(x);
}

/* Office programs may take a full-width sign for the plain one. */
static void test_full_width(void **state)
{
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct audit_disclosure d;
    struct audit_export *x = titled("＝1+1");
    (void)state;
    check_ok(audit_disclose(x, 2027, &arena, &d, NULL));
    assert_true(has(file(&d, "grants.csv"), "\"'＝1+1\""));
    audit_close(x);
}

/* ---- what is refused ---- */

static void test_refused(void **state)
{
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct audit_disclosure d;
    struct sy_error err = {0};
    struct audit_export *x = lived();
    (void)state;
    check_code(audit_disclose(x, 2028, &arena, &d, &err), SY_E_STATE); /* not over */
    assert_string_equal(err.field, "year");
    check_code(audit_disclose(x, 2026, &arena, &d, &err), SY_E_NOT_FOUND); /* before the domain */
    audit_close(x);
    log_kit_hide(&L, 7);
    x = log_kit_open(&L, L.n);
    check_code(audit_disclose(x, 2027, &arena, &d, &err), SY_E_DENIED);
    audit_close(x);
}

/* An entry that was not decided so spoils it. */
static void test_lie(void **state)
{
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct audit_disclosure d;
    struct sy_event event;
    (void)state;
    audit_close(lived());
    check_ok(
        sy_record_decode(&sy_event_desc, L.entries[9].body, &SY_MP_LARGE, &arena, &event, NULL));
    event.state[3] ^= 1;
    log_kit_put(&L, 9, &event);
    struct audit_export *x = log_kit_open(&L, L.n);
    check_code(audit_disclose(x, 2027, &arena, &d, NULL), SY_E_TAMPERED);
    audit_close(x);
}

/* ---- folders, and who published them ---- */

static void write_over(const char *dir, const char *name, const char *text)
{
    SY_FD_CLEANUP int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    check_ok(sy_replace_file_at(fd, name, V(text), 0644));
}

static void remove_from(const char *dir, const char *name)
{
    SY_FD_CLEANUP int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_int_equal(unlinkat(fd, name, 0), 0);
}

static void remove_folder(const char *dir, const struct audit_disclosure *d)
{
    SY_FD_CLEANUP int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    for (size_t i = 0; i < d->n; i++) {
        (void)unlinkat(fd, d->files[i].name, 0);
    }
    (void)rmdir(dir);
}

static void test_folder(void **state)
{
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct audit_disclosure d;
    struct sy_error err = {0};
    char dir[] = "/tmp/shuyu-disclose-XXXXXX";
    struct audit_export *x = lived();
    (void)state;
    assert_non_null(mkdtemp(dir));
    check_ok(audit_disclose(x, 2027, &arena, &d, NULL));
    check_code(audit_disclose_same(&d, dir, NULL), SY_E_TAMPERED); /* nothing there */
    check_ok(audit_disclose_write(&d, dir, NULL));
    check_ok(audit_disclose_same(&d, dir, NULL));
    write_over(dir, "errata.html", "what it should have said");
    check_code(audit_disclose_same(&d, dir, &err), SY_E_TAMPERED); /* and nothing beside it */
    assert_string_equal(err.field, "errata.html");
    remove_from(dir, "errata.html");
    write_over(dir, "usage.csv", "nobody used anything");
    check_code(audit_disclose_same(&d, dir, &err), SY_E_TAMPERED);
    assert_string_equal(err.field, "usage.csv");
    remove_folder(dir, &d);
    audit_close(x);
}

static int32_t publish(const char *by, const struct audit_disclosure *d, uint8_t flip)
{
    struct sy_disclose_publish a = {.entries = d->entries, .year = d->year};
    memcpy(a.digest, d->digest, 32);
    a.digest[0] ^= flip;
    return kit_call(&L.k, by, "disclose.publish", &sy_disclose_publish_desc, &a, NULL, NULL);
}

/* The last one of each party counts. */
static void test_published(void **state)
{
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct audit_disclosure d;
    struct audit_published who[4];
    size_t n = 9;
    struct audit_export *x = lived();
    (void)state;
    check_ok(audit_disclose(x, 2027, &arena, &d, NULL));
    check_ok(audit_disclose_published(x, 2027, d.digest, who, 4, &n, NULL));
    assert_int_equal(n, 0);
    audit_close(x);
    assert_int_equal(publish("agency", &d, 1), 0);
    assert_int_equal(publish("operator", &d, 0), 0);
    log_kit_entries(&L);
    x = log_kit_open(&L, L.n);
    check_ok(audit_disclose_published(x, 2027, d.digest, who, 4, &n, NULL));
    assert_int_equal(n, 2);
    assert_string_equal(who[0].party, "agency");
    assert_false(who[0].same);
    assert_true(who[1].same && who[1].entry == L.n - 1);
    audit_close(x);
    assert_int_equal(publish("agency", &d, 0), 0);
    log_kit_entries(&L);
    x = log_kit_open(&L, L.n);
    check_ok(audit_disclose_published(x, 2027, d.digest, who, 4, &n, NULL));
    assert_true(n == 2 && who[0].same && who[0].entry == L.n - 1);
    check_ok(audit_disclose_published(x, 2026, d.digest, who, 4, &n, NULL));
    assert_int_equal(n, 0);
    audit_close(x);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_figures), TEST(test_nothing_more), TEST(test_deterministic), TEST(test_ended),
        TEST(test_hostile), TEST(test_full_width),   TEST(test_refused),       TEST(test_lie),
        TEST(test_folder),  TEST(test_published)};
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests_name("audit_disclose", tests, NULL, NULL);
}
