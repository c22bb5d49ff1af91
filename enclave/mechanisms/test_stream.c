/*
 * The stream and its seeds against published vectors, and what makes noise repeatable: same seed
 * and nonce, same bytes, however they are asked for; anything else, other bytes.
 */
#include "check.h"

#include "mechanisms/stream.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static size_t unhex(const char *hex, uint8_t *ret, size_t cap)
{
    size_t n = 0;
    assert_int_equal(sodium_hex2bin(ret, cap, hex, strlen(hex), NULL, &n, NULL), 0);
    return n;
}

static void check_hkdf(const char *ikm, const char *salt, const char *info, const char *okm)
{
    uint8_t i[96];
    uint8_t s[96];
    uint8_t f[96];
    uint8_t want[96];
    uint8_t got[96];
    size_t n_i = unhex(ikm, i, sizeof(i));
    size_t n_s = unhex(salt, s, sizeof(s));
    size_t n_f = unhex(info, f, sizeof(f));
    size_t n = unhex(okm, want, sizeof(want));
    check_ok(mech_hkdf(sy_view(s, n_s), sy_view(i, n_i), sy_view(f, n_f), got, n));
    assert_memory_equal(got, want, n);
}

/* Source: RFC 5869 appendix A.1, A.2, A.3. */
static void hkdf_vectors(void **state)
{
    (void)state;
    check_hkdf(
        "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "000102030405060708090a0b0c",
        "f0f1f2f3f4f5f6f7f8f9",
        "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865");
    check_hkdf(
        "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728292a"
        "2b2c2d2e2f303132333435363738393a3b3c3d3e3f404142434445464748494a4b4c4d4e4f",
        "606162636465666768696a6b6c6d6e6f707172737475767778797a7b7c7d7e7f808182838485868788898a"
        "8b8c8d8e8f909192939495969798999a9b9c9d9e9fa0a1a2a3a4a5a6a7a8a9aaabacadaeaf",
        "b0b1b2b3b4b5b6b7b8b9babbbcbdbebfc0c1c2c3c4c5c6c7c8c9cacbcccdcecfd0d1d2d3d4d5d6d7d8d9da"
        "dbdcdddedfe0e1e2e3e4e5e6e7e8e9eaebecedeeeff0f1f2f3f4f5f6f7f8f9fafbfcfdfeff",
        "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41"
        "c65e590e09da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87");
    check_hkdf(
        "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "", "",
        "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8");
}

static void hkdf_limits(void **state)
{
    (void)state;
    uint8_t *out = malloc(MECH_HKDF_BYTES_MAX);
    assert_non_null(out);
    struct sy_view ikm = sy_view_str("key");
    check_code(mech_hkdf(ikm, ikm, ikm, out, 0), SY_E_USAGE);
    check_code(mech_hkdf(ikm, ikm, ikm, out, MECH_HKDF_BYTES_MAX + 1), SY_E_USAGE);
    check_ok(mech_hkdf(ikm, ikm, ikm, out, MECH_HKDF_BYTES_MAX));
    free(out);
}

/* The seed is what its definition says, and every input matters. */
static void seed_is_bound(void **state)
{
    (void)state;
    uint8_t in[3][32] = {{1}, {2}, {3}};
    uint8_t both[64];
    uint8_t want[32];
    uint8_t got[32];
    memcpy(both, in[1], 32);
    memcpy(both + 32, in[2], 32);
    check_ok(
        mech_hkdf(sy_view(both, 64), sy_view(in[0], 32), sy_view_str("shuyu-noise-1"), want, 32));
    mech_seed(in[0], in[1], in[2], got);
    assert_memory_equal(got, want, 32);
    for (int i = 0; i < 3; i++) {
        in[i][31] ^= 1;
        mech_seed(in[0], in[1], in[2], got);
        assert_memory_not_equal(got, want, 32);
        in[i][31] ^= 1;
    }
}

/* Source: RFC 8439 appendix A.1, vectors 1 and 2 (all-zero key and nonce, counters 0 and 1), and
 * section 2.3.2 (counter 1). */
static void chacha_vectors(void **state)
{
    (void)state;
    uint8_t seed[32] = {0};
    uint8_t nonce[12];
    uint8_t want[128];
    uint8_t got[128];
    struct mech_stream s;
    unhex("76b8e0ada0f13d90405d6ae55386bd28bdd219b8a08ded1aa836efcc8b770dc7"
          "da41597c5157488d7724e03fb8d84a376a43b8f41518a11cc387b669b2ee6586"
          "9f07e7be5551387a98ba977c732d080dcb0f29a048e3656912c6533e32ee7aed"
          "29b721769ce64e43d57133b074d839d531ed1f28510afb45ace10a1f4b794d6f",
          want, sizeof(want));
    mech_cell_nonce(0, 0, nonce);
    mech_stream_open(&s, seed, nonce);
    mech_stream_read(&s, got, sizeof(got));
    assert_memory_equal(got, want, sizeof(want));

    unhex("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f", seed, sizeof(seed));
    unhex("000000090000004a00000000", nonce, sizeof(nonce));
    unhex("10f1e7e4d13b5915500fdd1fa32071c4c7d1f4c733c068030422aa9ac3d46c4e"
          "d2826446079faa0914c2d705d98b02a2b5129cd1de164eb9cbd083e8a2503c4e",
          want, 64);
    mech_stream_open(&s, seed, nonce);
    mech_stream_read(&s, got, 128);
    assert_memory_equal(got + 64, want, 64);
    mech_stream_close(&s);
}

static void nonce_layout(void **state)
{
    (void)state;
    uint8_t nonce[12];
    const uint8_t want[12] = {0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11, 4, 3, 2, 1};
    mech_cell_nonce(0x01020304, 0x1122334455667788, nonce);
    assert_memory_equal(nonce, want, 12);
}

/* The same bytes come out whether they are read one by one, as numbers, or at once. */
static void reading_in_pieces(void **state)
{
    (void)state;
    const uint8_t seed[32] = {7};
    const uint8_t nonce[12] = {9};
    uint8_t whole[2000];
    uint8_t pieces[2000];
    struct mech_stream s;
    mech_stream_open(&s, seed, nonce);
    mech_stream_read(&s, whole, sizeof(whole));
    mech_stream_open(&s, seed, nonce);
    size_t at = 0;
    for (size_t n = 0; at + n <= sizeof(pieces); at += n, n = (n + 7) % 131) {
        mech_stream_read(&s, n == 0 ? NULL : pieces + at, n);
    }
    assert_memory_equal(pieces, whole, at);
    mech_stream_open(&s, seed, nonce);
    assert_true(mech_stream_uint(&s, 0) == 0);
    assert_true(mech_stream_uint(&s, 3) == (sy_load_le32(whole) & 0xffffff));
    assert_true((uint64_t)(mech_stream_uint(&s, 16) >> 64) == sy_load_le64(whole + 11));
}

static void close_wipes(void **state)
{
    (void)state;
    const uint8_t seed[32] = {7};
    const uint8_t nonce[12] = {9};
    uint8_t b;
    struct mech_stream s;
    mech_stream_open(&s, seed, nonce);
    mech_stream_read(&s, &b, 1);
    mech_stream_close(&s);
    mech_stream_close(&s);
    mech_stream_close(NULL);
    assert_true(sodium_is_zero(s.seed, sizeof(s.seed)));
    assert_true(sodium_is_zero(s.nonce, sizeof(s.nonce)));
    assert_true(sodium_is_zero(s.chunk, sizeof(s.chunk)));
}

/* Exit status of a child that reads n_bytes from 256 bytes before the end of the nonce. */
static int read_near_end(size_t n_bytes)
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        const struct rlimit no_core = {0};
        uint8_t out[512];
        struct mech_stream s = {.used = MECH_STREAM_CHUNK_BYTES,
                                .next_block = ((uint64_t)1 << 32) - 4};
        setrlimit(RLIMIT_CORE, &no_core);
        mech_stream_read(&s, out, n_bytes);
        _exit(0);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

/* The last bytes of a nonce can be read; one more ends the process rather than repeat noise. */
static void end_of_nonce_fails_closed(void **state)
{
    (void)state;
    assert_int_equal(read_near_end(256), 0);
    int status = read_near_end(257);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGABRT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hkdf_vectors),  cmocka_unit_test(hkdf_limits),
        cmocka_unit_test(seed_is_bound), cmocka_unit_test(chacha_vectors),
        cmocka_unit_test(nonce_layout),  cmocka_unit_test(reading_in_pieces),
        cmocka_unit_test(close_wipes),   cmocka_unit_test(end_of_nonce_fails_closed),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
