/*
 * Proof verification against 196 published cases, mostly negative (reference/audit-log 1.10 B;
 * transparency-dev/merkle, testdata). They are not kept in this tree: see vectors_folder.
 */
#include "test_support.h"

#include <dirent.h>
#include <jansson.h>

static bool json_bytes(const json_t *v, uint8_t ret[PROOF_HASH_BYTES])
{
    size_t n = 0;
    const char *s = json_string_value(v);
    return s != NULL &&
           sodium_base642bin(ret, PROOF_HASH_BYTES, s, strlen(s), NULL, &n, NULL,
                             sodium_base64_VARIANT_ORIGINAL) == 0 &&
           n == PROOF_HASH_BYTES;
}

/* Two cases have roots of other lengths ("don't care 2"): a hash stands for such a root, which keeps
 * equal ones equal. */
static void json_root(const json_t *v, uint8_t ret[PROOF_HASH_BYTES])
{
    if (!json_bytes(v, ret)) {
        proof_sha256_one(ret, sy_view_str(json_string_value(v)));
    }
}

static bool json_path(const json_t *v, struct proof_path *ret)
{
    ret->n = json_array_size(v);
    for (size_t i = 0; i < ret->n; i++) {
        if (i == PROOF_PATH_MAX || !json_bytes(json_array_get(v, i), ret->hash[i])) {
            return false;
        }
    }
    return true;
}

/* Beyond int64 the reader knows only reals; the one such number in the cases is 2^64 - 1. */
static uint64_t json_number(const json_t *o, const char *key)
{
    const json_t *v = json_object_get(o, key);
    double real = json_real_value(v);
    if (!json_is_real(v)) {
        return (uint64_t)json_integer_value(v);
    }
    return real >= 0x1p64 ? UINT64_MAX : (uint64_t)real;
}

static bool accept_inclusion(const json_t *o)
{
    struct proof_path p;
    uint8_t leaf[PROOF_HASH_BYTES];
    uint8_t root[PROOF_HASH_BYTES];
    json_root(json_object_get(o, "root"), root);
    return json_path(json_object_get(o, "proof"), &p) &&
           json_bytes(json_object_get(o, "leafHash"), leaf) &&
           sy_ok(proof_merkle_check_inclusion(json_number(o, "leafIdx"), json_number(o, "treeSize"),
                                              leaf, &p, root));
}

static bool accept_consistency(const json_t *o)
{
    struct proof_path p;
    struct proof_tree a = {.size = json_number(o, "size1")};
    struct proof_tree b = {.size = json_number(o, "size2")};
    json_root(json_object_get(o, "root1"), a.root);
    json_root(json_object_get(o, "root2"), b.root);
    return json_path(json_object_get(o, "proof"), &p) &&
           sy_ok(proof_merkle_check_consistency(&a, &b, &p));
}

/* Counts of what was seen, so that an empty folder cannot pass for agreement. */
struct tally {
    size_t n;
    size_t n_accepted;
};

static void run_case(const char *path, struct tally *t)
{
    json_error_t err;
    json_t *o = json_load_file(path, 0, &err);
    if (o == NULL) {
        o = json_load_file(path, JSON_DECODE_INT_AS_REAL, &err);
    }
    assert_non_null(o);
    bool is_inclusion = json_object_get(o, "leafIdx") != NULL;
    bool accepted = is_inclusion ? accept_inclusion(o) : accept_consistency(o);
    if (accepted == json_is_true(json_object_get(o, "wantErr"))) {
        fail_msg("%s: %s", path, accepted ? "accepted" : "refused");
    }
    t->n++;
    t->n_accepted += accepted;
    json_decref(o);
}

static void run_folder(const char *path, struct tally *t)
{
    DIR *d = opendir(path);
    assert_non_null(d);
    for (struct dirent *e = readdir(d); e != NULL; e = readdir(d)) {
        char sub[4096];
        size_t n = strlen(e->d_name);
        (void)snprintf(sub, sizeof(sub), "%s/%s", path, e->d_name);
        if (e->d_name[0] == '.') {
            continue;
        }
        if (n > 5 && strcmp(e->d_name + n - 5, ".json") == 0) {
            run_case(sub, t);
        } else {
            run_folder(sub, t);
        }
    }
    closedir(d);
}

static void test_published_merkle_cases(void **state)
{
    (void)state;
    char path[4200];
    struct tally t = {0};
    const char *folder = vectors_folder();
    if (folder == NULL) {
        check_skip("no published vectors here (set SHUYU_VECTORS)");
    }
    (void)snprintf(path, sizeof(path), "%s/merkle/testdata", folder);
    run_folder(path, &t);
    assert_int_equal(t.n, 196);
    assert_int_equal(t.n_accepted, 12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_published_merkle_cases),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
