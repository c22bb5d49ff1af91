#include "test_log_kit.h"

#include <dirent.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/arith.h"
#include "base/fdio.h"
#include "proof/merkle.h"

enum { DAY_S = 86400, FILE_BYTES_MAX = 64 << 20 };

size_t log_kit_pick(struct log_kit *l, size_t n)
{
    l->random = l->random * 6364136223846793005u + 1442695040888963407u;
    return (size_t)(l->random >> 33) % n;
}

uint64_t log_kit_seed(void)
{
    const char *text = getenv("SHUYU_SEED");
    uint8_t raw[8];
    uint64_t seed = text == NULL ? 0 : strtoull(text, NULL, 10);
    if (seed == 0) {
        FILE *f = fopen("/dev/urandom", "rbe");
        assert_non_null(f);
        assert_int_equal(fread(raw, 1, sizeof(raw), f), sizeof(raw));
        (void)fclose(f);
        memcpy(&seed, raw, sizeof(seed));
        seed = seed % 0x7fffffff + 1;
    }
    print_message("# SHUYU_SEED=%llu\n", (unsigned long long)seed);
    return seed;
}

void log_kit_init(struct log_kit *l, const char *origin)
{
    uint8_t seed[32] = {0}, public[32];
    memset(l, 0, sizeof(*l));
    kit_init(&l->k);
    (void)snprintf((char *)seed, sizeof(seed), "%s", origin);
    crypto_sign_seed_keypair(public, l->secret, seed);
    check_ok(proof_vkey_make(V(origin), PROOF_SIG_ED25519, public, &l->key));
    (void)snprintf(l->dir, sizeof(l->dir), "/tmp/shuyu-index-XXXXXX");
    assert_non_null(mkdtemp(l->dir));
}

void log_kit_free(struct log_kit *l)
{
    DIR *d = opendir(l->dir);
    const struct dirent *e;
    while (d != NULL && (e = readdir(d)) != NULL) {
        if (e->d_name[0] != '.') {
            (void)unlinkat(dirfd(d), e->d_name, 0);
        }
    }
    closedir(d);
    (void)rmdir(l->dir);
    kit_free(&l->k);
}

const char *log_kit_path(struct log_kit *l, const char *name)
{
    return sy_arena_printf(&l->k.arena, "%s/%s", l->dir, name);
}

/* --- entries -------------------------------------------------------------------------------------- */

static void put_leaf(struct log_kit *l, size_t i)
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(PROOF_LEAF_MAX);
    struct sy_log_entry *e = &l->entries[i];
    struct sy_event ev;
    check_ok(sy_record_decode(&sy_event_desc, e->body, &SY_MP_LARGE, &l->k.arena, &ev, NULL));
    check_ok(proof_leaf_make(ev.type, (uint32_t)(ev.inputs.time / DAY_S), e->salt, e->body, &b));
    e->leaf = sy_arena_copy(&l->k.arena, sy_buf_view(&b));
}

void log_kit_entries(struct log_kit *l)
{
    l->n = l->k.entry;
    for (size_t i = 0; i < l->n; i++) {
        l->entries[i] = (struct sy_log_entry){.index = i, .body = l->k.events[i]};
        memset(l->entries[i].salt, (int)(i % 255) + 1, 32);
        put_leaf(l, i);
    }
}

void log_kit_put(struct log_kit *l, size_t i, const struct sy_event *event)
{
    l->entries[i].body = kit_encode(&l->k, &sy_event_desc, event);
    put_leaf(l, i);
}

void log_kit_hide(struct log_kit *l, size_t i)
{
    l->entries[i].body = (struct sy_view){0};
    memset(l->entries[i].salt, 0, 32);
}

struct sy_view log_kit_note(struct log_kit *l, size_t n)
{
    SY_BUF_CLEANUP struct sy_buf text = sy_buf(1024);
    SY_BUF_CLEANUP struct sy_buf note = sy_buf(2048);
    struct proof_frontier tree = {0};
    struct proof_checkpoint c = {.origin = V(l->key.name), .size = n};
    for (size_t i = 0; i < n; i++) {
        uint8_t hash[PROOF_HASH_BYTES];
        proof_merkle_leaf(hash, l->entries[i].leaf);
        proof_frontier_add(&tree, hash);
    }
    proof_frontier_root(&tree, c.root);
    check_ok(proof_checkpoint_encode(&c, &text));
    check_ok(proof_note_sign(sy_buf_view(&text), &l->key, l->secret, &note));
    return sy_arena_copy(&l->k.arena, sy_buf_view(&note));
}

static void in_folder(const struct log_kit *l, const char *name, struct sy_view bytes)
{
    SY_FD_CLEANUP int fd = open(l->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(fd >= 0);
    check_ok(sy_replace_file_at(fd, name, bytes, 0600));
}

void log_kit_write(struct log_kit *l, size_t n)
{
    SY_BUF_CLEANUP struct sy_buf file = sy_buf(FILE_BYTES_MAX);
    SY_BUF_CLEANUP struct sy_buf key = sy_buf(1024);
    for (size_t i = 0; i < n; i++) {
        uint8_t head[4];
        SY_BUF_CLEANUP struct sy_buf b = sy_buf(FILE_BYTES_MAX);
        check_ok(sy_record_encode(&sy_log_entry_desc, &l->entries[i], &b));
        sy_store_le32(head, (uint32_t)b.n);
        check_ok(sy_buf_add(&file, head, sizeof(head)));
        check_ok(sy_buf_add(&file, b.p, b.n));
    }
    check_ok(proof_vkey_format(&l->key, &key));
    in_folder(l, "entries", sy_buf_view(&file));
    in_folder(l, "checkpoint", log_kit_note(l, n));
    in_folder(l, "log.vkey", sy_buf_view(&key));
}

struct audit_export *log_kit_open(struct log_kit *l, size_t n)
{
    struct audit_export *x = NULL;
    log_kit_write(l, n);
    check_ok(audit_open(l->dir, &x, NULL));
    return x;
}

/* --- lives ---------------------------------------------------------------------------------------- */

void log_kit_small(struct log_kit *l)
{
    struct kit *k = &l->k;
    kit_ready(k);
    memcpy(l->scenes[0].grant, k->grant, 32);
    memcpy(l->scenes[0].model, k->model, 32);
    assert_int_equal(kit_run(k, "40"), 0);
    assert_int_equal(kit_answer(k, k->entry - 1, "ok"), 0);
    assert_int_equal(kit_run(k, "40"), 0); /* the same answer again */
    assert_int_equal(kit_run(k, "17"), SY_E_FIELD);
    k->time += 10;
    assert_int_equal(kit_order(k, "agency", "scene.suspend", "incident"), 0);
    k->time += 10;
    assert_int_equal(kit_run(k, "60"), SY_E_SUSPENDED);
    log_kit_entries(l);
}

static void use_scene(struct log_kit *l, size_t i)
{
    memcpy(l->k.grant, l->scenes[i].grant, 32);
    memcpy(l->k.model, l->scenes[i].model, 32);
}

/* A grant and its model; the later ones with little, so that there is room for all. */
static void new_scene(struct log_kit *l, size_t i)
{
    static const char *const NAMES[LOG_SCENES] = {"burden", "second", "third"};
    struct kit *k = &l->k;
    struct sy_proposal *p = kit_proposal(k);
    p->scene = V(NAMES[i]);
    p->title = V("\xe8\xb4\x9f\xe6\x8b\x85");
    p->calls = 50;
    p->overruns = 5;
    p->n_datasets -= i == 2; /* without births */
    assert_int_equal(kit_apply(k, p), 0);
    assert_int_equal(kit_review(k, "operator", "scene.first_review", "approve"), 0);
    assert_int_equal(kit_review(k, "health", "scene.consent", "approve"), 0);
    (void)kit_review(k, "clinic", "scene.consent", "approve");
    (void)kit_review(k, "agency", "scene.final_review", "approve");
    (void)kit_register(k, kit_model_def(k), kit_plan(k));
    (void)kit_review(k, "operator", "model.review", "approve");
    memcpy(l->scenes[i].grant, k->grant, 32);
    memcpy(l->scenes[i].model, k->model, 32);
}

static void act_run(struct log_kit *l)
{
    static const char *const AGES[] = {"17", "18", "40", "60", "75", "80"};
    static const char *const OUTCOMES[] = {"ok", "ok", "ok", "refused"};
    use_scene(l, log_kit_pick(l, LOG_SCENES));
    bool charged =
        kit_run(&l->k, AGES[log_kit_pick(l, LEN(AGES))]) == 0 && sy_view_is(l->k.type, "charge");
    if (charged && log_kit_pick(l, 8) > 0) { /* an answer may be missing */
        (void)kit_answer(&l->k, l->k.entry - 1, OUTCOMES[log_kit_pick(l, LEN(OUTCOMES))]);
    }
}

static void act_order(struct log_kit *l)
{
    static const char *const METHODS[] = {"scene.suspend", "scene.resume", "scene.resume"};
    static const char *const PARTIES[] = {"agency", "agency", "audit"};
    use_scene(l, log_kit_pick(l, LOG_SCENES));
    (void)kit_order(&l->k, PARTIES[log_kit_pick(l, LEN(PARTIES))],
                    METHODS[log_kit_pick(l, LEN(METHODS))], "incident");
}

static void act_review(struct log_kit *l)
{
    use_scene(l, log_kit_pick(l, LOG_SCENES));
    (void)kit_review(&l->k, "acme", "scene.final_review", "approve");
}

/* A proposal for a scene that has one, and a review of it: neither is accepted. */
static void act_apply(struct log_kit *l)
{
    static const char *const TITLES[] = {"more", "still more", "all"};
    struct sy_proposal *p = kit_proposal(&l->k);
    p->title = V(TITLES[log_kit_pick(l, LEN(TITLES))]);
    assert_int_not_equal(kit_apply(&l->k, p), 0);
    (void)kit_review(&l->k, "operator", "scene.first_review", "approve");
}

static void act_publish(struct log_kit *l)
{
    uint64_t next = log_kit_pick(l, 4) + 2; /* often not the next one: refused */
    (void)kit_publish(&l->k, kit_persons(&l->k), next);
}

static void act_wait(struct log_kit *l)
{
    l->k.time += (int64_t)log_kit_pick(l, 2 * DAY_S);
}

void log_kit_random(struct log_kit *l, uint64_t seed, size_t acts)
{
    static void (*const ACTS[])(struct log_kit * l) = {act_run,    act_run,     act_run,
                                                       act_run,    act_apply,   act_order,
                                                       act_review, act_publish, act_wait};
    l->random = seed;
    kit_catalogue(&l->k);
    for (size_t i = 0; i < LOG_SCENES; i++) {
        new_scene(l, i);
    }
    for (size_t i = 0; i < acts && l->k.entry + 4 < KIT_EVENTS; i++) {
        ACTS[log_kit_pick(l, LEN(ACTS))](l);
    }
    log_kit_entries(l);
}
