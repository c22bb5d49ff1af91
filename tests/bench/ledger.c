/*
 * Durable appends at the library's level, against the disk itself: one pwrite and one fdatasync of
 * as many bytes (leaf, salt, body of each entry and the signed checkpoint) into a file whose blocks
 * are there already, on the same file system, in turns.
 */
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fdio.h"
#include "bench.h"
#include "ledger/ledger.h"
#include "proof/leaf.h"

enum { BODY_BYTES = 600, ENTRIES_MAX = 64, PEER_BYTES = 1 << 20, DAY = 20000 };

struct setup {
    struct ledger *ledger;
    uint8_t secret[PROOF_SECRET_BYTES];
    struct proof_vkey key;
    uint64_t entries; /* made so far */
    size_t bytes;     /* of the last batch */
    int peer;         /* file */
    uint8_t *zeros;   /* PEER_BYTES */
    off_t at;         /* in it */
};

static void open_ledger(struct setup *s, const char *name)
{
    uint8_t pub[PROOF_KEY_BYTES];
    struct sy_error e = {0};
    const char *folder = bench_work(name);
    crypto_sign_keypair(pub, s->secret);
    bench_ok(proof_vkey_make(sy_view_str("bench"), PROOF_SIG_ED25519, pub, &s->key), NULL, "key");
    struct ledger_options options = {.log = &s->key, .secret = s->secret, .create = true};
    if (mkdir(folder, 0700) != 0) {
        bench_die("%s: %s", folder, strerror(errno));
    }
    SY_FD_CLEANUP int dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bench_ok(ledger_open(dir, &options, &s->ledger, &e), &e, "ledger");
}

static void open_peer(struct setup *s, const char *name)
{
    s->peer = open(bench_work(name), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    s->zeros = calloc(1, PEER_BYTES);
    if (s->peer < 0 || s->zeros == NULL) {
        bench_die("the peer's file: %s", strerror(errno));
    }
    for (int i = 0; i < 16; i++) {
        bench_ok(sy_write_all(s->peer, s->zeros, PEER_BYTES), NULL, "the peer's file");
    }
    (void)fdatasync(s->peer);
}

static void append_one(struct setup *s)
{
    uint8_t salt[PROOF_SALT_BYTES], body[BODY_BYTES] = {0};
    uint64_t index = 0;
    SY_BUF_CLEANUP struct sy_buf leaf = sy_buf(PROOF_LEAF_MAX);
    struct sy_error e = {0};
    randombytes_buf(salt, sizeof(salt));
    memcpy(body, &s->entries, sizeof(s->entries));
    struct sy_view content = sy_view(body, sizeof(body));
    bench_ok(proof_leaf_make(sy_view_str("charge"), DAY, salt, content, &leaf), NULL, "leaf");
    struct ledger_entry entry = {sy_buf_view(&leaf), salt, content};
    bench_ok(ledger_append(s->ledger, &entry, &index, &e), &e, "append");
    s->bytes += leaf.n + sizeof(salt) + sizeof(body);
    s->entries++;
}

static double append_batch(struct setup *s, size_t n)
{
    struct sy_error e = {0};
    double start = bench_now();
    s->bytes = 0;
    for (size_t i = 0; i < n; i++) {
        append_one(s);
    }
    bench_ok(ledger_commit(s->ledger, &e), &e, "commit");
    s->bytes += ledger_checkpoint(s->ledger).n;
    return bench_now() - start;
}

static double write_batch(struct setup *s)
{
    s->at = s->at + (off_t)s->bytes > 16 * PEER_BYTES ? 0 : s->at;
    double start = bench_now();
    if (pwrite(s->peer, s->zeros, s->bytes, s->at) != (ssize_t)s->bytes ||
        fdatasync(s->peer) != 0) {
        bench_die("the peer's file: %s", strerror(errno));
    }
    s->at += (off_t)s->bytes;
    return bench_now() - start;
}

static void close_setup(struct setup *s)
{
    ledger_close(s->ledger);
    sy_fd_close(&s->peer);
    free(s->zeros);
}

static void measure(struct figure *f, const char *folder, size_t batch, size_t rounds)
{
    static struct samples ours, peers;
    struct setup s = {.peer = -1};
    ours.n = peers.n = 0;
    open_ledger(&s, folder);
    open_peer(&s, batch == 1 ? "peer-1" : "peer-n");
    for (size_t i = 0; i < rounds; i++) {
        samples_add(&ours, append_batch(&s, batch));
        samples_add(&peers, write_batch(&s));
    }
    close_setup(&s);
    figure_rates(f, &ours, (double)batch);
    f->peer = "pwrite and fdatasync of the same bytes";
    f->peer_value = (double)batch / samples_median(&peers);
    f->ratio = f->value / f->peer_value;
    figure_print(f);
}

void figure_ledger_commits(void)
{
    struct figure f = FIGURE("ledger_commits_per_s", "entries/s");
    measure(&f, "ledger-1", 1, 400);
}

void figure_ledger_batched(void)
{
    struct figure f = FIGURE("ledger_appends_batched_per_s", "entries/s");
    measure(&f, "ledger-n", ENTRIES_MAX, 200);
}
