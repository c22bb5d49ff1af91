/* Shared by the tests of the copier: a domain's folder with a ledger of its own, a standby's folder, and rounds
 * from one to the other. */
#ifndef COPIER_TEST_FIXTURE_H
#define COPIER_TEST_FIXTURE_H

#include <dirent.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "check.h"

#include "base/fdio.h"
#include "proof/leaf.h"
#include "send.h"
#include "take.h"

#define ORIGIN "domain.example/log"
#define UNITS  "data/units/person"
#define ASKED  "keys/store/asked:a.key"

static struct {
    char path[64];
    int root, here, there; /* the folder of both, the domain's, the standby's */
    struct ledger *ledger;
    uint8_t secret[PROOF_SECRET_BYTES];
    struct proof_vkey log;
    struct sending s;
    struct place p;
    struct sy_error err;
} F;

/* --- files ----------------------------------------------------------------------------------------------- */

/* In place, as an append-only file is; `age` in seconds. */
static inline void put(int dir, const char *name, const char *text, time_t age)
{
    struct timespec at[2] = {{.tv_sec = time(NULL) - age}, {.tv_sec = time(NULL) - age}};
    int fd = openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    check_ok(sy_write_all(fd, text, strlen(text)));
    assert_int_equal(futimens(fd, at), 0);
    (void)close(fd);
}

static inline bool holds(int dir, const char *name, const char *text)
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(4096);
    sy_status s = sy_read_file_at(dir, name, &b);
    return sy_ok(s) && sy_view_is(sy_buf_view(&b), text);
}

static inline bool is_there(const char *name)
{
    return faccessat(F.there, name, F_OK, 0) == 0;
}

static inline int make_domain(const char *name)
{
    static const char *const folders[] = {"keys",    "keys/store", "data", "data/units",
                                          "answers", "payloads",   "run",  "ledger"};
    assert_int_equal(mkdirat(F.root, name, 0700), 0);
    int dir = openat(F.root, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
        assert_int_equal(mkdirat(dir, folders[i], 0700), 0);
    }
    return dir;
}

static inline void make(int dir, const char *folder)
{
    assert_int_equal(mkdirat(dir, folder, 0700), 0);
}

static inline void remove_tree(int at, const char *name)
{
    int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *d = fd < 0 ? NULL : fdopendir(fd);
    for (struct dirent *e; d != NULL && (e = readdir(d)) != NULL;) {
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0) {
            remove_tree(fd, e->d_name);
        }
    }
    if (d != NULL) {
        (void)closedir(d);
    }
    (void)unlinkat(at, name, d == NULL ? 0 : AT_REMOVEDIR);
}

/* --- the log ---------------------------------------------------------------------------------------------- */

/* An entry as the rules leave it, with its method, its arguments and the code of its verdict. */
static inline void append_event(const char *type, const char *method, uint8_t grant,
                                const char *checkpoint, struct sy_view args, uint64_t code)
{
    static const uint8_t salt[PROOF_SALT_BYTES] = {1};
    SY_BUF_CLEANUP struct sy_buf header = sy_buf(4096), body = sy_buf(4096), leaf = sy_buf(4096);
    struct sy_header h = {.ctx = sy_view_str(SY_REQUEST_CONTEXT),
                          .method = sy_view_str(method),
                          .party = sy_view_str("agency"),
                          .suite = SY_SUITE_INTL};
    struct sy_event e = {.type = sy_view_str(type), .rules = 1, .schema = SY_EVENT_SCHEMA};
    uint64_t index;
    memset(h.grant, grant, sizeof(h.grant));
    check_ok(sy_record_encode(&sy_header_desc, &h, &header));
    e.request.header = sy_buf_view(&header);
    e.request.args = args;
    e.verdict.code = code;
    e.inputs.checkpoint = sy_view_str(checkpoint);
    check_ok(sy_record_encode(&sy_event_desc, &e, &body));
    check_ok(proof_leaf_make(e.type, 20000, salt, sy_buf_view(&body), &leaf));
    struct ledger_entry entry = {sy_buf_view(&leaf), salt, sy_buf_view(&body)};
    check_ok(ledger_append(F.ledger, &entry, &index, NULL));
}

/* About this grant. */
static inline void append(const char *type, uint8_t grant, const char *checkpoint)
{
    append_event(type, "scene.revoke", grant, checkpoint, (struct sy_view){0}, 0);
}

static inline void publish(void)
{
    check_ok(ledger_commit(F.ledger, NULL));
    check_ok(ledger_publish(F.ledger, NULL));
}

static inline void open_ledger(void)
{
    uint8_t pub[crypto_sign_PUBLICKEYBYTES], sk[crypto_sign_SECRETKEYBYTES];
    const struct ledger_options o = {.log = &F.log, .secret = F.secret, .create = true};
    int dir = openat(F.here, "ledger", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    (void)crypto_sign_keypair(pub, sk);
    memcpy(F.secret, sk, sizeof(F.secret));
    check_ok(proof_vkey_make(sy_view_str(ORIGIN), PROOF_SIG_ED25519, pub, &F.log));
    check_ok(ledger_open(dir, &o, &F.ledger, NULL));
    (void)close(dir);
    append("genesis", 0, "");
    publish();
}

/* --- both ends -------------------------------------------------------------------------------------------- */

static inline void open_place(void)
{
    struct ledger_seen seen = place_seen(&F.p);
    F.p =
        (struct place){.dir = F.there, .lock = -1, .genesis = sy_buf(4096), .retired = list_new()};
    int dir = openat(F.there, "ledger", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    check_ok(ledger_mirror_open(dir, &F.log, 1, &seen, &F.p.mirror, NULL));
    (void)close(dir);
}

static inline void close_place(void)
{
    F.p.dir = -1;
    place_close(&F.p);
}

/* One round. */
static inline sy_status carry(void)
{
    bool sent = false;
    memset(&F.err, 0, sizeof(F.err));
    int fd = memfd_create("round", MFD_CLOEXEC);
    F.s.out = fd;
    sy_status s = send_round(&F.s, true, &sent, &F.err);
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    s = sy_ok(s) ? take_rounds(&F.p, fd, -1, &F.err) : s;
    (void)close(fd);
    return s;
}

/* A copier that begins anew, with what the other end says it has. */
static inline void begin_anew(void)
{
    SY_BUF_CLEANUP struct sy_buf have = sy_buf(1 << 16);
    int fd = memfd_create("have", MFD_CLOEXEC);
    check_ok(take_have(&F.p, fd, NULL));
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    check_ok(sy_read_to_end(fd, &have));
    (void)close(fd);
    send_deinit(&F.s);
    check_ok(send_init(F.here, -1, sy_buf_view(&have), &F.s, NULL));
}

static inline int setup(void **state)
{
    (void)state;
    memset(&F, 0, sizeof(F));
    (void)snprintf(F.path, sizeof(F.path), "%s/copier-XXXXXX",
                   access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    if (sodium_init() < 0 || mkdtemp(F.path) == NULL) {
        return -1;
    }
    F.root = open(F.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    F.here = make_domain("here");
    F.there = make_domain("there");
    open_ledger();
    put(F.here, "keys/store/checkpoint.key", "memory", 100);
    open_place();
    check_ok(send_init(F.here, -1, (struct sy_view){0}, &F.s, NULL));
    return 0;
}

static inline int teardown(void **state)
{
    (void)state;
    send_deinit(&F.s);
    close_place();
    ledger_close(F.ledger);
    (void)close(F.here);
    (void)close(F.there);
    remove_tree(AT_FDCWD, F.path);
    (void)close(F.root);
    return 0;
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif
