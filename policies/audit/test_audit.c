/*
 * An export of a genuine log in memory, written to a folder as `shuyu log export` writes it, and
 * every way to tamper with it: some by whoever carries the files, some by a domain that signs its
 * lie with the log's own key. Each is named by the audit that must see it.
 */
#include "../rules/test_kit.h"

#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "audit/replay.h"
#include "base/fdio.h"
#include "proof/leaf.h"
#include "proof/merkle.h"

enum { FILE_MAX = 8 << 20, DAY_S = 86400 };

/* The last entries of the log. */
enum { CHARGE = 0, ANSWER, REFUSED, SUSPEND, STOPPED, N_LAST };

struct log {
    struct kit k;
    struct sy_log_entry entries[KIT_EVENTS];
    size_t n;
    size_t last; /* the first of the last entries */
    struct proof_vkey key;
    uint8_t secret[PROOF_SECRET_BYTES];
    struct sy_view note; /* the signed checkpoint */
    char dir[64];
    size_t cut; /* bytes that are missing at the end of the file */
};

static struct log L;

/* --- making ----------------------------------------------------------------------------------- */

static void put_leaf(struct log *l, size_t i, struct sy_view type, int64_t day)
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(PROOF_LEAF_MAX);
    struct sy_log_entry *e = &l->entries[i];
    check_ok(proof_leaf_make(type, (uint32_t)day, e->salt, e->body, &b));
    e->leaf = sy_arena_copy(&l->k.arena, sy_buf_view(&b));
}

static struct sy_event event_of(struct log *l, size_t i)
{
    struct sy_event e;
    check_ok(
        sy_record_decode(&sy_event_desc, l->entries[i].body, &SY_MP_LARGE, &l->k.arena, &e, NULL));
    return e;
}

/* Entry i with this event and the leaf that is due to it. */
static void put_event(struct log *l, size_t i, const struct sy_event *e)
{
    l->entries[i].body = kit_encode(&l->k, &sy_event_desc, e);
    put_leaf(l, i, e->type, e->inputs.time / DAY_S);
}

static void sign_log(struct log *l)
{
    SY_BUF_CLEANUP struct sy_buf text = sy_buf(1024);
    SY_BUF_CLEANUP struct sy_buf note = sy_buf(2048);
    struct proof_frontier tree = {0};
    struct proof_checkpoint c = {.origin = V(l->key.name), .size = l->n};
    for (size_t i = 0; i < l->n; i++) {
        uint8_t hash[PROOF_HASH_BYTES];
        proof_merkle_leaf(hash, l->entries[i].leaf);
        proof_frontier_add(&tree, hash);
    }
    proof_frontier_root(&tree, c.root);
    check_ok(proof_checkpoint_encode(&c, &text));
    check_ok(proof_note_sign(sy_buf_view(&text), &l->key, l->secret, &note));
    l->note = sy_arena_copy(&l->k.arena, sy_buf_view(&note));
}

static void new_key(struct log *l)
{
    uint8_t public[32];
    crypto_sign_keypair(public, l->secret);
    check_ok(proof_vkey_make(V("example.org/log"), PROOF_SIG_ED25519, public, &l->key));
}

/* A domain's life that ends in a run, its answer, a run that is refused, a suspension, and a run
 * that it stops. */
static void live(struct kit *k)
{
    kit_ready(k);
    assert_int_equal(kit_run(k, "40"), 0);
    assert_int_equal(kit_answer(k, k->entry - 1, "ok"), 0);
    assert_int_equal(kit_run(k, "17"), SY_E_FIELD);
    k->time += 10;
    assert_int_equal(kit_order(k, "agency", "scene.suspend", "incident"), 0);
    k->time += 10;
    assert_int_equal(kit_run(k, "60"), SY_E_SUSPENDED);
}

static int setup(void **state)
{
    memset(&L, 0, sizeof(L));
    *state = &L;
    kit_init(&L.k);
    live(&L.k);
    L.n = L.k.entry;
    L.last = L.n - N_LAST;
    for (size_t i = 0; i < L.n; i++) {
        L.entries[i].index = i;
        memset(L.entries[i].salt, (int)i + 1, 32);
        L.entries[i].body = L.k.events[i];
        struct sy_event e = event_of(&L, i);
        put_leaf(&L, i, e.type, e.inputs.time / DAY_S);
    }
    new_key(&L);
    sign_log(&L);
    (void)snprintf(L.dir, sizeof(L.dir), "/tmp/shuyu-audit-XXXXXX");
    assert_non_null(mkdtemp(L.dir));
    return 0;
}

static void in_folder(const char *name, struct sy_view bytes)
{
    SY_FD_CLEANUP int fd = open(L.dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(fd >= 0);
    check_ok(sy_replace_file_at(fd, name, bytes, 0600));
}

static int teardown(void **state)
{
    (void)state;
    static const char *const FILES[] = {"entries", "checkpoint", "log.vkey"};
    for (size_t i = 0; i < LEN(FILES); i++) {
        char path[128];
        (void)snprintf(path, sizeof(path), "%s/%s", L.dir, FILES[i]);
        (void)unlink(path);
    }
    (void)rmdir(L.dir);
    kit_free(&L.k);
    return 0;
}

static void write_export(const struct log *l)
{
    SY_BUF_CLEANUP struct sy_buf file = sy_buf(FILE_MAX);
    SY_BUF_CLEANUP struct sy_buf key = sy_buf(1024);
    for (size_t i = 0; i < l->n; i++) {
        uint8_t head[4];
        SY_BUF_CLEANUP struct sy_buf b = sy_buf(FILE_MAX);
        check_ok(sy_record_encode(&sy_log_entry_desc, &l->entries[i], &b));
        sy_store_le32(head, (uint32_t)b.n);
        check_ok(sy_buf_add(&file, head, sizeof(head)));
        check_ok(sy_buf_add(&file, b.p, b.n));
    }
    check_ok(proof_vkey_format(&l->key, &key));
    in_folder("entries", sy_view(file.p, file.n - l->cut));
    in_folder("checkpoint", l->note);
    in_folder("log.vkey", sy_buf_view(&key));
}

/* --- auditing --------------------------------------------------------------------------------- */

enum stage { HOLDS = 0, AT_OPEN, AT_VERIFY, AT_REPLAY };

struct finding {
    enum stage stage;
    int32_t code;
    uint64_t n; /* differences */
    uint64_t entry;
    char field[64], expected[320], found[320]; /* of the first */
    char reason[256];
};

static void on_mismatch(void *ctx, const struct audit_mismatch *m)
{
    struct finding *f = ctx;
    if (f->n++ == 0) {
        f->entry = m->entry;
        sy_view_to_cstr(V(m->field), f->field, sizeof(f->field));
        sy_view_to_cstr(V(m->expected), f->expected, sizeof(f->expected));
        sy_view_to_cstr(V(m->found), f->found, sizeof(f->found));
    }
}

static sy_status replay(const struct audit_export *x, struct finding *f, struct audit_replayed *ret,
                        struct sy_error *err)
{
    const struct audit_replay_how how = {.mismatch = on_mismatch, .ctx = f};
    return audit_replay(x, &how, ret, err);
}

static void found(struct finding *f, enum stage stage, sy_status s, const struct sy_error *e)
{
    f->stage = stage;
    f->code = s.code;
    sy_view_to_cstr(V(e->reason), f->reason, sizeof(f->reason));
    if (stage != AT_REPLAY) {
        sy_view_to_cstr(V(e->field), f->field, sizeof(f->field));
    }
}

/* Open, verify and replay; verification may be left out, to see what replay itself sees. */
static struct finding audit_log(const struct log *l, const struct proof_vkey *key, bool verify)
{
    struct finding f = {0};
    struct sy_error e = {0};
    struct audit_summary sum;
    struct audit_replayed replayed;
    struct audit_export *x = NULL;
    write_export(l);
    sy_status s = audit_open(l->dir, &x, &e);
    if (!sy_ok(s)) {
        found(&f, AT_OPEN, s, &e);
        return f;
    }
    s = verify ? audit_verify(x, key, &sum, &e) : SY_OK;
    if (!sy_ok(s)) {
        found(&f, AT_VERIFY, s, &e);
        audit_close(x);
        return f;
    }
    s = replay(x, &f, &replayed, &e);
    if (!sy_ok(s)) {
        found(&f, AT_REPLAY, s, &e);
    }
    audit_close(x);
    return f;
}

static void test_genuine(void **state)
{
    struct log *l = *state;
    struct audit_summary sum;
    struct audit_replayed replayed;
    struct audit_export *x = NULL;
    struct finding f = audit_log(l, &l->key, true);
    assert_int_equal(f.stage, HOLDS);
    check_ok(audit_open(l->dir, &x, NULL));
    check_ok(audit_verify(x, &l->key, &sum, NULL));
    assert_int_equal(sum.n_entries, l->n);
    assert_int_equal(sum.n_bodies, l->n);
    check_ok(replay(x, &f, &replayed, NULL));
    assert_int_equal(replayed.n_entries, l->n);
    assert_int_equal(replayed.n_signatures, l->n + 1); /* genesis has two */
    assert_int_equal(replayed.n_mismatches, 0);
    audit_close(x);
}

/* Without bodies the tree can still be verified, but nothing replayed. */
static void test_no_body(void **state)
{
    struct log *l = *state;
    l->entries[l->last].body = (struct sy_view){0};
    struct finding f = audit_log(l, &l->key, true);
    assert_int_equal(f.stage, AT_REPLAY);
    assert_int_equal(f.code, SY_E_DENIED);
}

/* --- tampering -------------------------------------------------------------------------------- */

/* One byte of arena bytes. */
static void flip(struct sy_view v, size_t at)
{
    ((uint8_t *)(uintptr_t)v.p)[at] ^= 1;
}

static void t_body(struct log *l)
{
    struct sy_log_entry *e = &l->entries[l->last + CHARGE];
    e->body = sy_arena_copy(&l->k.arena, e->body);
    flip(e->body, e->body.n / 2);
}

static void t_salt(struct log *l)
{
    l->entries[l->last + CHARGE].salt[5] ^= 1;
}

static void t_leaf_byte(struct log *l)
{
    struct sy_log_entry *e = &l->entries[l->last + CHARGE];
    e->body = (struct sy_view){0}; /* an export of somebody who may not read it */
    flip(e->leaf, e->leaf.n - 1);
}

static void t_leaf_type(struct log *l)
{
    put_leaf(l, l->last + SUSPEND, V("answer"), event_of(l, l->last + SUSPEND).inputs.time / DAY_S);
}

static void t_leaf_day(struct log *l)
{
    struct sy_event e = event_of(l, l->last + SUSPEND);
    put_leaf(l, l->last + SUSPEND, e.type, e.inputs.time / DAY_S + 1);
}

static void t_leaf_wraps(struct log *l) /* a day before 1970 has no number in a leaf */
{
    struct sy_event e = event_of(l, l->last + SUSPEND);
    e.inputs.time = -1;
    put_event(l, l->last + SUSPEND, &e);
}

static void t_no_event(struct log *l)
{
    l->entries[l->last + SUSPEND].body = V("suspended, believe me");
    put_leaf(l, l->last + SUSPEND, V("suspend"), KIT_START / DAY_S);
}

static void remove_at(struct log *l, size_t at)
{
    l->n--;
    memmove(&l->entries[at], &l->entries[at + 1], (l->n - at) * sizeof(l->entries[0]));
}

static void renumber(struct log *l)
{
    for (size_t i = 0; i < l->n; i++) {
        l->entries[i].index = i;
    }
}

static void t_drop(struct log *l)
{
    remove_at(l, l->last + SUSPEND);
}

static void t_drop_numbered(struct log *l)
{
    t_drop(l);
    renumber(l);
}

static void t_drop_last(struct log *l)
{
    l->n--;
}

static void swap(struct log *l, size_t a, size_t b)
{
    struct sy_log_entry e = l->entries[l->last + a];
    l->entries[l->last + a] = l->entries[l->last + b];
    l->entries[l->last + b] = e;
}

static void t_swap(struct log *l)
{
    swap(l, CHARGE, ANSWER);
}

static void t_swap_numbered(struct log *l)
{
    t_swap(l);
    renumber(l);
}

static void t_late_suspension(struct log *l) /* after the run that it stopped */
{
    swap(l, SUSPEND, STOPPED);
    renumber(l);
}

static void t_unheard_suspension(struct log *l) /* ... and the run is given out as allowed */
{
    struct sy_event e = event_of(l, l->last + STOPPED);
    e.type = V("charge");
    e.verdict = event_of(l, l->last + CHARGE).verdict;
    put_event(l, l->last + STOPPED, &e);
}

static void t_cut(struct log *l)
{
    l->cut = 1;
}

static void t_note(struct log *l)
{
    /* another letter of base64: the line stays well formed, the signature does not hold */
    uint8_t *at = (uint8_t *)(uintptr_t)(l->note.p + l->note.n - 20);
    *at = *at == 'A' ? 'B' : 'A';
}

static void t_allowed(struct log *l)
{
    struct sy_event e = event_of(l, l->last + REFUSED);
    e.verdict = (struct sy_verdict){0};
    put_event(l, l->last + REFUSED, &e);
}

static void t_price(struct log *l)
{
    struct sy_event e = event_of(l, l->last + CHARGE);
    e.verdict.spends[0].rho--;
    put_event(l, l->last + CHARGE, &e);
}

static void t_payer(struct log *l)
{
    struct sy_event e = event_of(l, l->last + CHARGE);
    e.verdict.spends[0].ns = V("clinic");
    put_event(l, l->last + CHARGE, &e);
}

static void t_free(struct log *l)
{
    struct sy_event e = event_of(l, l->last + CHARGE);
    e.verdict.n_spends = 0;
    put_event(l, l->last + CHARGE, &e);
}

static void t_digest(struct log *l)
{
    struct sy_event e = event_of(l, l->last + ANSWER);
    e.state[0] ^= 1;
    put_event(l, l->last + ANSWER, &e);
}

static void t_backdated(struct log *l)
{
    struct sy_event e = event_of(l, l->last + SUSPEND);
    e.inputs.time -= 86400;
    put_event(l, l->last + SUSPEND, &e);
}

enum { ANY = -1, FILES_ONLY = 0, SIGNED = 1 };

struct lie {
    const char *name;
    void (*tamper)(struct log *l);
    int is_signed; /* by the domain itself, with the log's key */
    enum stage stage;
    int32_t code;
    const char *field;
    int entry; /* of the last ones: named by verify's reason, or by replay first */
};

static const struct lie LIES[] = {
#define T(f) #f, f
    {T(t_body), FILES_ONLY, AT_VERIFY, SY_E_DIGEST, "leaf", CHARGE},
    {T(t_salt), FILES_ONLY, AT_VERIFY, SY_E_DIGEST, "leaf", CHARGE},
    {T(t_leaf_byte), FILES_ONLY, AT_VERIFY, SY_E_PROOF, "checkpoint", ANY},
    {T(t_leaf_type), SIGNED, AT_VERIFY, SY_E_TAMPERED, "leaf", SUSPEND},
    {T(t_leaf_day), SIGNED, AT_VERIFY, SY_E_TAMPERED, "leaf", SUSPEND},
    {T(t_leaf_wraps), SIGNED, AT_VERIFY, SY_E_TAMPERED, "leaf", SUSPEND},
    {T(t_no_event), SIGNED, AT_VERIFY, 0, NULL, SUSPEND},
    {T(t_drop), FILES_ONLY, AT_VERIFY, SY_E_TAMPERED, "entries", SUSPEND},
    {T(t_drop_numbered), FILES_ONLY, AT_VERIFY, SY_E_PROOF, "checkpoint", ANY},
    {T(t_drop_last), FILES_ONLY, AT_VERIFY, SY_E_PROOF, "checkpoint", ANY},
    {T(t_swap), FILES_ONLY, AT_VERIFY, SY_E_TAMPERED, "entries", CHARGE},
    {T(t_swap_numbered), FILES_ONLY, AT_VERIFY, SY_E_PROOF, "checkpoint", ANY},
    {T(t_cut), FILES_ONLY, AT_OPEN, SY_E_TAMPERED, "entries", ANY},
    {T(t_note), FILES_ONLY, AT_VERIFY, SY_E_SIGNATURE, NULL, ANY},
    {T(t_drop_numbered), SIGNED, AT_REPLAY, 0, NULL, SUSPEND},
    {T(t_swap_numbered), SIGNED, AT_REPLAY, 0, NULL, CHARGE},
    {T(t_late_suspension), SIGNED, AT_REPLAY, 0, "type", SUSPEND},
    {T(t_unheard_suspension), SIGNED, AT_REPLAY, 0, "type", STOPPED},
    {T(t_allowed), SIGNED, AT_REPLAY, 0, "verdict", REFUSED},
    {T(t_price), SIGNED, AT_REPLAY, 0, "spends.person.rho", CHARGE},
    {T(t_payer), SIGNED, AT_REPLAY, 0, "spends", CHARGE},
    {T(t_free), SIGNED, AT_REPLAY, 0, "spends", CHARGE},
    {T(t_digest), SIGNED, AT_REPLAY, SY_E_TAMPERED, "state", ANSWER},
    {T(t_backdated), SIGNED, AT_REPLAY, 0, "inputs.time", SUSPEND},
#undef T
};

static bool names_entry(const struct log *l, const struct lie *lie, const struct finding *f)
{
    uint64_t entry = l->last + (uint64_t)(lie->entry == ANY ? 0 : lie->entry);
    char text[32];
    (void)snprintf(text, sizeof(text), "entry %llu", (unsigned long long)entry);
    return lie->entry == ANY ||
           (f->stage == AT_REPLAY ? f->entry == entry : strstr(f->reason, text) != NULL);
}

static void check_lie(struct log *l, const struct lie *lie)
{
    lie->tamper(l);
    if (lie->is_signed == SIGNED) {
        sign_log(l);
    }
    struct finding f = audit_log(l, &l->key, true);
    bool named = lie->field == NULL || strcmp(f.field, lie->field) == 0;
    if (f.stage != lie->stage || (lie->code != 0 && f.code != lie->code) || !named ||
        !names_entry(l, lie, &f)) {
        fail_msg("%s: stage %d, %s, field %s, entry %llu: %s", lie->name, (int)f.stage,
                 sy_code_name(f.code), f.field, (unsigned long long)f.entry, f.reason);
    }
}

static void test_lies(void **state)
{
    struct log *l = *state;
    static struct log genuine;
    genuine = *l;
    for (size_t i = 0; i < LEN(LIES); i++) {
        struct sy_arena arena = l->k.arena;
        *l = genuine;
        l->k.arena = arena; /* it grew */
        l->note = sy_arena_copy(&l->k.arena, genuine.note);
        for (size_t e = 0; e < l->n; e++) {
            l->entries[e].leaf = sy_arena_copy(&l->k.arena, genuine.entries[e].leaf);
        }
        check_lie(l, &LIES[i]);
    }
}

/* Replay sees a leaf that lies by itself too, and goes on. */
static void test_leaf_in_replay(void **state)
{
    struct log *l = *state;
    t_leaf_type(l);
    struct finding f = audit_log(l, &l->key, false);
    assert_int_equal(f.stage, AT_REPLAY);
    assert_int_equal(f.code, SY_E_TAMPERED);
    assert_string_equal(f.field, "leaf");
    assert_int_equal(f.entry, l->last + SUSPEND);
    assert_int_equal(f.n, 1);
}

/* A log key of the same name, and one that claims the same id. */
static void test_other_key(void **state)
{
    struct log *l = *state;
    struct proof_vkey pinned = l->key;
    new_key(l);
    sign_log(l);
    struct finding f = audit_log(l, &pinned, true);
    assert_int_equal(f.stage, AT_VERIFY);
    assert_int_equal(f.code, SY_E_UNSIGNED);
    l->key.id = pinned.id;
    sign_log(l);
    l->key = pinned;
    f = audit_log(l, &pinned, true);
    assert_int_equal(f.stage, AT_VERIFY);
    assert_int_equal(f.code, SY_E_SIGNATURE);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(test_genuine), T(test_no_body), T(test_lies), T(test_leaf_in_replay), T(test_other_key),
    };
    return cmocka_run_group_tests_name("audit", tests, NULL, NULL);
}
