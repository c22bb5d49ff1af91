/*
 * A log for the independent verifier, written by the real ledger:
 *   make_log DIR SEED SIZE [FORK_AT [OVERLAP_AT RETIRE_AT]]
 *
 *   DIR/public/            what the ledger publishes, cosigned by a witness at the end
 *   DIR/receipts/I-N       receipt of entry I when the log had N entries
 *   DIR/older/N            the checkpoint of N entries
 *   DIR/log.vkey, DIR/witness.vkey, DIR/next.vkey
 *
 * Keys and entries follow from SEED and the entry's number alone, so that a smaller SIZE is a genuine
 * beginning of a larger one; entries from FORK_AT on are others, under the same key. Checkpoints of at least
 * OVERLAP_AT entries are signed by the next key too, from RETIRE_AT on by it alone. Sizes of bodies and of
 * batches, and the moments of publishing, are random.
 */
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fdio.h"
#include "ledger/ledger.h"
#include "proof/leaf.h"

#define ORIGIN  "independent.example/log"
#define WITNESS "witness.example/w1"

enum {
    BODY_MAX = 1000,
    COMMITS = 12,
    RECEIPTS = 2,
    FIRST_DAY = 20000,
    A_DAY = 500,
    TIME = 1900000000
};

struct maker {
    int dir;
    uint64_t seed, size, fork_at, overlap_at, retire_at;
    uint8_t secret[PROOF_SECRET_BYTES], witness_secret[PROOF_SECRET_BYTES];
    uint8_t next_secret[PROOF_SECRET_BYTES];
    struct proof_vkey log, witness, next;
    struct ledger *l;
};

/* Every use of the seed has a purpose of its own. */
enum purpose { KEYS, ENTRY, FORK, CHANCE };

static void draw(uint64_t seed, enum purpose purpose, uint64_t number, void *ret, size_t n)
{
    uint8_t key[randombytes_SEEDBYTES] = {(uint8_t)purpose};
    memcpy(key + 8, &seed, sizeof(seed));
    memcpy(key + 16, &number, sizeof(number));
    randombytes_buf_deterministic(ret, n, key);
}

/* A number below `below`, from the place in the log where it is needed. */
static uint64_t chance(const struct maker *m, uint64_t at, uint64_t salt, uint64_t below)
{
    uint64_t x;
    draw(m->seed, CHANCE, at * 8 + salt, &x, sizeof(x));
    return x % below;
}

/* --- files ------------------------------------------------------------------------------------- */

static sy_status put(const struct maker *m, const char *name, struct sy_view content)
{
    SY_FD_CLEANUP int fd = openat(m->dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    return fd < 0 ? sy_status_of(SY_E_IO) : sy_write_all(fd, content.p, content.n);
}

static sy_status put_vkey(const struct maker *m, const char *name, const struct proof_vkey *k)
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(1 << 12);
    SY_TRY(proof_vkey_format(k, &b));
    return put(m, name, sy_buf_view(&b));
}

static sy_status put_receipt(const struct maker *m, uint64_t index)
{
    char name[64];
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(PROOF_RECEIPT_MAX);
    (void)snprintf(name, sizeof(name), "receipts/%llu-%llu", (unsigned long long)index,
                   (unsigned long long)ledger_size(m->l));
    SY_TRY(ledger_receipt(m->l, index, &b));
    return put(m, name, sy_buf_view(&b));
}

/* What somebody outside keeps of this moment: the checkpoint, and receipts of entries by chance. */
static sy_status put_moment(const struct maker *m)
{
    char name[64];
    uint64_t size = ledger_size(m->l);
    (void)snprintf(name, sizeof(name), "older/%llu", (unsigned long long)size);
    SY_TRY(put(m, name, ledger_checkpoint(m->l)));
    for (uint64_t i = 0; i < RECEIPTS && size > 0; i++) {
        SY_TRY(put_receipt(m, chance(m, size, i, size)));
    }
    return SY_OK;
}

/* --- entries ----------------------------------------------------------------------------------- */

static sy_status append(const struct maker *m, uint64_t i)
{
    static const char *const TYPES[] = {"charge", "outcome", "review", "refuse", "ingest"};
    uint8_t bytes[LEDGER_SALT_BYTES + BODY_MAX + 4];
    uint64_t index;
    SY_BUF_CLEANUP struct sy_buf leaf = sy_buf(PROOF_LEAF_MAX);
    draw(m->seed, i < m->fork_at ? ENTRY : FORK, i, bytes, sizeof(bytes));
    const uint8_t *body = bytes + LEDGER_SALT_BYTES;
    size_t n = 1 + (size_t)(body[BODY_MAX] << 8 | body[BODY_MAX + 1]) % BODY_MAX;
    const char *type = TYPES[body[BODY_MAX + 2] % (sizeof(TYPES) / sizeof(TYPES[0]))];
    SY_TRY(proof_leaf_make(sy_view_str(type), FIRST_DAY + (uint32_t)(i / A_DAY), bytes,
                           sy_view(body, n), &leaf));
    struct ledger_entry e = {sy_buf_view(&leaf), bytes, sy_view(body, n)};
    return ledger_append(m->l, &e, &index, NULL);
}

/* Who signs a checkpoint of that many entries. */
static sy_status sign_by(const struct maker *m, uint64_t size)
{
    const struct ledger_key keys[] = {{m->log, m->secret}, {m->next, m->next_secret}};
    size_t first = size >= m->retire_at ? 1 : 0;
    size_t last = size >= m->overlap_at ? 1 : 0;
    return ledger_sign_by(m->l, keys + first, last - first + 1, NULL);
}

static sy_status append_batch(const struct maker *m, uint64_t *i)
{
    uint64_t n = 1 + chance(m, *i, 2, m->size / COMMITS + 1);
    for (; n > 0 && *i < m->size; n--) {
        sy_status s = append(m, *i);
        if (s.code == SY_E_BUSY) { /* the batch is full */
            break;
        }
        SY_TRY(s);
        (*i)++;
    }
    SY_TRY(sign_by(m, *i));
    SY_TRY(ledger_commit(m->l, NULL));
    SY_TRY(put_moment(m));
    return chance(m, *i, 3, 2) == 0 ? SY_OK : ledger_publish(m->l, NULL);
}

/* --- from nothing to a cosigned log -------------------------------------------------------------- */

static sy_status cosign(const struct maker *m)
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(1 << 16);
    struct proof_note note;
    SY_TRY(sy_buf_add(&b, ledger_checkpoint(m->l).p, ledger_checkpoint(m->l).n));
    SY_TRY(proof_note_parse(ledger_checkpoint(m->l), &note, NULL));
    SY_TRY(proof_note_sign_line(note.text, &m->witness, m->witness_secret, TIME, &b));
    return put(m, "public/checkpoint", sy_buf_view(&b));
}

static sy_status make_keys(struct maker *m)
{
    uint8_t seeds[3][32], pub[3][32];
    draw(m->seed, KEYS, 0, seeds, sizeof(seeds));
    crypto_sign_seed_keypair(pub[0], m->secret, seeds[0]);
    crypto_sign_seed_keypair(pub[1], m->witness_secret, seeds[1]);
    crypto_sign_seed_keypair(pub[2], m->next_secret, seeds[2]);
    SY_TRY(proof_vkey_make(sy_view_str(ORIGIN), PROOF_SIG_ED25519, pub[0], &m->log));
    SY_TRY(proof_vkey_make(sy_view_str(ORIGIN), PROOF_SIG_ED25519, pub[2], &m->next));
    SY_TRY(proof_vkey_make(sy_view_str(WITNESS), PROOF_SIG_COSIGNATURE, pub[1], &m->witness));
    SY_TRY(put_vkey(m, "log.vkey", &m->log));
    SY_TRY(put_vkey(m, "next.vkey", &m->next));
    return put_vkey(m, "witness.vkey", &m->witness);
}

static sy_status make_log(struct maker *m)
{
    SY_TRY(make_keys(m));
    struct ledger_options o = {.log = &m->log, .secret = m->secret, .create = true};
    SY_TRY(ledger_open(m->dir, &o, &m->l, NULL));
    SY_TRY(put_moment(m));
    for (uint64_t i = 0; i < m->size;) {
        SY_TRY(append_batch(m, &i));
    }
    SY_TRY(ledger_publish(m->l, NULL));
    return cosign(m);
}

static int open_folder(const char *path)
{
    int dir = mkdir(path, 0755) == 0 ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    bool made = dir >= 0 && mkdirat(dir, "receipts", 0755) == 0 && mkdirat(dir, "older", 0755) == 0;
    return made ? dir : -1;
}

int main(int argc, char **argv)
{
    if (argc < 4 || sodium_init() < 0) {
        (void)fputs("usage: make_log DIR SEED SIZE [FORK_AT [OVERLAP_AT RETIRE_AT]]\n", stderr);
        return 2;
    }
    struct maker m = {.dir = open_folder(argv[1]),
                      .seed = strtoull(argv[2], NULL, 10),
                      .size = strtoull(argv[3], NULL, 10),
                      .fork_at = argc > 4 ? strtoull(argv[4], NULL, 10) : UINT64_MAX,
                      .overlap_at = argc > 6 ? strtoull(argv[5], NULL, 10) : UINT64_MAX,
                      .retire_at = argc > 6 ? strtoull(argv[6], NULL, 10) : UINT64_MAX};
    if (m.dir < 0) {
        perror(argv[1]);
        return 1;
    }
    sy_status s = make_log(&m);
    ledger_close(m.l);
    (void)close(m.dir);
    if (!sy_ok(s)) {
        (void)fprintf(stderr, "make_log: %s\n", sy_code_name(s.code));
        return 1;
    }
    return 0;
}
