/* Shared by the tests of the ledger: a ledger in a folder of its own, with entries whose content
 * follows from their number, and the means to look at and damage its files. */
#ifndef LEDGER_TEST_FIXTURE_H
#define LEDGER_TEST_FIXTURE_H

#include <dirent.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"

#include "base/fdio.h"
#include "ledger/ledger.h"
#include "ledger/tiles.h"
#include "proof/leaf.h"

#define ORIGIN "domain.example/log"

struct fixture {
    char path[64];
    int dir;
    uint8_t secret[PROOF_SECRET_BYTES];
    struct proof_vkey log;
    size_t segment_bytes;
    struct ledger *l; /* NULL while closed */
};

static struct fixture F;

/* The body of entry i: i % 7 x 100 + 40 bytes that depend on i alone. */
struct made {
    uint8_t salt[LEDGER_SALT_BYTES];
    uint8_t body[4096];
    size_t n_body;
    struct sy_buf leaf;
};

static inline void make_entry(uint64_t i, struct made *m)
{
    uint8_t seed[randombytes_SEEDBYTES] = {(uint8_t)i, (uint8_t)(i >> 8), (uint8_t)(i >> 16)};
    m->n_body = 40 + (size_t)(i % 7) * 100;
    randombytes_buf_deterministic(m->body, m->n_body, seed);
    memset(m->salt, (int)(i & 0xFF) | 1, sizeof(m->salt));
    m->leaf = sy_buf(PROOF_LEAF_MAX);
    check_ok(proof_leaf_make(sy_view_str("test"), 20000, m->salt, sy_view(m->body, m->n_body),
                             &m->leaf));
}

static inline sy_status open_ledger(bool create, struct sy_error *reterr)
{
    struct ledger_options o = {
        .log = &F.log, .secret = F.secret, .segment_bytes = F.segment_bytes, .create = create};
    return ledger_open(F.dir, &o, &F.l, reterr);
}

static inline void close_ledger(void)
{
    ledger_close(F.l);
    F.l = NULL;
}

static inline sy_status try_append(uint64_t i)
{
    struct made m;
    uint64_t index = 0;
    make_entry(i, &m);
    struct ledger_entry e = {sy_buf_view(&m.leaf), m.salt, sy_view(m.body, m.n_body)};
    sy_status s = ledger_append(F.l, &e, &index, NULL);
    sy_buf_deinit(&m.leaf);
    if (sy_ok(s)) {
        assert_int_equal(index, i);
    }
    return s;
}

/* Append the next n entries as one batch and commit it. */
static inline void grow(size_t n)
{
    uint64_t first = ledger_size(F.l);
    for (size_t i = 0; i < n; i++) {
        check_ok(try_append(first + i));
    }
    check_ok(ledger_commit(F.l, NULL));
    assert_int_equal(ledger_size(F.l), first + n);
}

static inline sy_status check_one(void *data, uint64_t i, const struct ledger_entry *e)
{
    struct made m;
    (void)data;
    make_entry(i, &m);
    assert_true(sy_view_eq(e->leaf, sy_buf_view(&m.leaf)));
    assert_memory_equal(e->salt, m.salt, sizeof(m.salt));
    assert_true(sy_view_eq(e->body, sy_view(m.body, m.n_body)));
    sy_buf_deinit(&m.leaf);
    return SY_OK;
}

/* The ledger holds entries 0..n-1 and nothing else, under a checkpoint that verifies. */
static inline void check_content(uint64_t n)
{
    struct proof_checkpoint c;
    struct proof_frontier f = {0};
    uint8_t root[PROOF_HASH_BYTES];
    assert_int_equal(ledger_size(F.l), n);
    check_ok(ledger_each(F.l, 0, check_one, NULL, NULL));
    for (uint64_t i = 0; i < n; i++) {
        struct made m;
        make_entry(i, &m);
        proof_merkle_leaf(root, sy_buf_view(&m.leaf));
        proof_frontier_add(&f, root);
        sy_buf_deinit(&m.leaf);
    }
    proof_frontier_root(&f, root);
    check_ok(proof_checkpoint_verify(ledger_checkpoint(F.l), &F.log, &c, NULL));
    assert_int_equal(c.size, n);
    assert_memory_equal(c.root, root, sizeof(root));
}

/* --- files -------------------------------------------------------------------------------------- */

static inline void remove_tree(int at, const char *name)
{
    int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *d = fd < 0 ? NULL : fdopendir(fd);
    if (d == NULL) {
        (void)unlinkat(at, name, 0);
        return;
    }
    for (struct dirent *e = readdir(d); e != NULL; e = readdir(d)) {
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0) {
            remove_tree(fd, e->d_name);
        }
    }
    (void)closedir(d);
    (void)unlinkat(at, name, AT_REMOVEDIR);
}

static inline bool has_file(const char *name)
{
    return faccessat(F.dir, name, F_OK, 0) == 0;
}

static inline size_t read_file(const char *name, uint8_t *ret, size_t cap)
{
    int fd = openat(F.dir, name, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    ssize_t n = pread(fd, ret, cap, 0);
    assert_true(n >= 0);
    (void)close(fd);
    return (size_t)n;
}

static inline void write_file(const char *name, const uint8_t *p, size_t n)
{
    int fd = openat(F.dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    check_ok(sy_write_all(fd, p, n));
    (void)close(fd);
}

/* --- set-up ------------------------------------------------------------------------------------- */

static inline int make_fixture(void **state)
{
    uint8_t pub[32];
    (void)state;
    F = (struct fixture){.segment_bytes = LEDGER_SEGMENT_MIN};
    /* In memory where possible: thousands of syncs, and no test here pulls the plug. */
    const char *tmp = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    (void)snprintf(F.path, sizeof(F.path), "%s/ledger-XXXXXX", tmp);
    crypto_sign_keypair(pub, F.secret);
    if (mkdtemp(F.path) == NULL ||
        !sy_ok(proof_vkey_make(sy_view_str(ORIGIN), PROOF_SIG_ED25519, pub, &F.log))) {
        return -1;
    }
    F.dir = open(F.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return F.dir < 0 || !sy_ok(open_ledger(true, NULL)) ? -1 : 0;
}

static inline int drop_fixture(void **state)
{
    (void)state;
    close_ledger();
    (void)close(F.dir);
    remove_tree(AT_FDCWD, F.path);
    return 0;
}

/* Make the folder empty again and begin a new ledger in it. */
static inline void start_over(void)
{
    close_ledger();
    remove_tree(F.dir, "segments");
    remove_tree(F.dir, "public");
    check_ok(open_ledger(true, NULL));
}

#define ledger_test(f) cmocka_unit_test_setup_teardown(f, make_fixture, drop_fixture)

#endif
