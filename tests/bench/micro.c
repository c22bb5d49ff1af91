/* Parts of an answer by themselves: noise, decryption, and the auditor's replay. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fdio.h"
#include "bench.h"
#include "mechanisms/sampler.h"
#include "sandbox/memfd.h"
#include "vault/vault.h"

/* --- noise ------------------------------------------------------------------------------------ */

enum { DRAWS = 1000, DRAW_ROUNDS = 200, SCALE = 1000 };

static int64_t draw(const uint8_t seed[MECH_SEED_BYTES], uint64_t cell)
{
    MECH_STREAM_CLEANUP struct mech_stream s;
    uint8_t nonce[MECH_NONCE_BYTES];
    mech_cell_nonce(0, cell, nonce);
    mech_stream_open(&s, seed, nonce);
    return mech_draw(&s, MECH_GAUSS, SCALE);
}

void figure_gauss_draw(void)
{
    struct figure f = FIGURE("gauss_draw_ns", "ns");
    struct samples s = {0};
    static const uint8_t seed[MECH_SEED_BYTES] = {1};
    int64_t sum = 0;
    for (uint64_t round = 0; round < DRAW_ROUNDS; round++) {
        double start = bench_now();
        for (uint64_t i = 0; i < DRAWS; i++) {
            sum += draw(seed, round * DRAWS + i);
        }
        samples_add(&s, (bench_now() - start) * 1e9 / DRAWS);
    }
    bench_say("draws add up to %lld", (long long)sum); /* so that none is left out */
    figure_times(&f, &s);
    figure_print(&f);
}

/* --- decryption ------------------------------------------------------------------------------- */

enum { COLUMN_ROWS = 1 << 24, DECRYPT_ROUNDS = 9 }; /* 128 MiB */

static struct sy_field_def amount = {.hi = INT64_MAX / 4, .grade = 1};

struct store {
    struct vault *vault;
    struct sy_arena arena;
    struct sy_dataset_def def;
    struct sy_dataset_keys keys;
    struct sy_dataset_version version;
};

static void open_store(struct store *s)
{
    const char *folder = bench_work("vault");
    struct sy_error e = {0};
    (void)mkdir(folder, 0700);
    SY_FD_CLEANUP int dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bench_ok(vault_create(dir, &s->vault, &e), &e, "vault");
    amount.name = sy_view_str("amount");
    amount.type = sy_view_str("int64");
    s->def = (struct sy_dataset_def){
        .id = sy_view_str("amounts"), .fields = &amount, .n_fields = 1, .max_rows = COLUMN_ROWS};
    bench_ok(vault_dataset_create(s->vault, s->def.id, NULL, &s->keys, &e), &e, "dataset");
}

static void add_batch(struct vault_writer *w, const uint8_t *data, uint64_t rows)
{
    struct sy_error e = {0};
    struct sy_ingest_column column = {.data = sy_view(data, rows * 8), .width = 8};
    struct sy_ingest_batch batch = {.columns = &column, .n_columns = 1, .rows = rows};
    bench_ok(vault_writer_add(w, &batch, &e), &e, "rows");
}

static void write_column(struct store *s)
{
    struct vault_attempt attempt = {.def = &s->def, .keys = &s->keys, .version = 1};
    struct vault_writer *w = NULL;
    struct sy_error e = {0};
    uint8_t *data = calloc(SY_MORSEL_ROWS, 8);
    bench_ok(vault_writer_begin(s->vault, &attempt, &w, &e), &e, "version");
    for (uint64_t at = 0; data != NULL && at < COLUMN_ROWS; at += SY_MORSEL_ROWS) {
        uint64_t left = COLUMN_ROWS - at;
        memcpy(data, &at, sizeof(at));
        add_batch(w, data, left < SY_MORSEL_ROWS ? left : SY_MORSEL_ROWS);
    }
    bench_ok(vault_writer_finish(w, &s->arena, &s->version, &e), &e, "version");
    free(data);
}

static double read_column(struct store *s, const struct vault_version *version)
{
    struct vault_ask ask = {.def = &amount};
    struct vault_column column;
    struct sy_error e = {0};
    SY_FD_CLEANUP int fd = -1;
    double start = bench_now();
    bench_ok(sandbox_memfd_create("column", &fd), NULL, "memory file");
    bench_ok(vault_column_read(version, &ask, fd, &s->arena, &column, &e), &e, "column");
    bench_ok(sandbox_memfd_seal(fd, (uint64_t)COLUMN_ROWS * 8), NULL, "memory file");
    return bench_now() - start;
}

/* The floor: the same bytes, copied into a memory file without any cipher. */
static double copy_column(const uint8_t *bytes)
{
    SY_FD_CLEANUP int fd = -1;
    double start = bench_now();
    bench_ok(sandbox_memfd_make("copy", sy_view(bytes, (size_t)COLUMN_ROWS * 8), &fd), NULL,
             "memory file");
    return bench_now() - start;
}

static void decrypt_rounds(struct store *s, struct samples *ours, struct samples *peers)
{
    struct vault_version *version = NULL;
    struct sy_error e = {0};
    uint8_t *bytes = calloc(COLUMN_ROWS, 8);
    bench_ok(vault_version_open(s->vault, &s->keys, NULL, &s->version, &version, &e), &e,
             "version");
    if (bytes == NULL) {
        bench_die("out of memory");
    }
    memset(bytes, 1, (size_t)COLUMN_ROWS * 8);
    for (size_t i = 0; i < DECRYPT_ROUNDS; i++) {
        samples_add(ours, read_column(s, version));
        samples_add(peers, copy_column(bytes));
    }
    vault_version_close(version);
    free(bytes);
}

void figure_decrypt(void)
{
    struct figure f = FIGURE("decrypt_gb_per_s", "GB/s");
    struct samples ours = {0}, peers = {0};
    struct store s = {0};
    double gb = (double)COLUMN_ROWS * 8 / 1e9;
    open_store(&s);
    write_column(&s);
    decrypt_rounds(&s, &ours, &peers);
    figure_rates(&f, &ours, gb);
    f.peer = "copying the same bytes into a memory file";
    f.peer_value = gb / samples_median(&peers);
    f.ratio = f.value / f.peer_value;
    figure_print(&f);
    vault_close(s.vault);
    sy_arena_deinit(&s.arena);
}
