/* The gateway's pure parts: paths, frames, numbers on the edge, token buckets, descriptors. */
#include "check.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fdio.h"
#include "gateway/frames.h"
#include "gateway/handoff.h"
#include "gateway/idmap.h"
#include "gateway/limits.h"
#include "gateway/path.h"

/* ---- paths ---- */

static void paths_served(void **state)
{
    static const struct {
        const char *path;
        enum gw_path_kind kind;
    } rows[] = {
        {"/", GW_PATH_ABOUT},
        {"/checkpoint", GW_PATH_CHECKPOINT},
        {"/checkpoint.cosigned", GW_PATH_CHECKPOINT},
        {"/next", GW_PATH_CHECKPOINT},
        {"/log/2/checkpoint", GW_PATH_CHECKPOINT},
        {"/log/65/next", GW_PATH_CHECKPOINT},
        {"/log/12/tile/0/000", GW_PATH_FULL},
        {"/log/3/tile/entries/x001/234.p/7", GW_PATH_PARTIAL},
        {"/tile/0/000", GW_PATH_FULL},
        {"/tile/63/999", GW_PATH_FULL},
        {"/tile/0/x001/x234/067", GW_PATH_FULL},
        {"/tile/entries/x001/000", GW_PATH_FULL},
        {"/tile/0/000.p/1", GW_PATH_PARTIAL},
        {"/tile/entries/x999/999.p/255", GW_PATH_PARTIAL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (gw_path_classify(sy_view_str(rows[i].path)) != rows[i].kind) {
            fail_msg("%s", rows[i].path);
        }
    }
}

static void paths_refused(void **state)
{
    static const char *const rows[] = {
        "",
        "checkpoint",
        "//",
        "/checkpoint/",
        "/checkpoint?x",
        "/Checkpoint",
        "/checkpoint.tmp",
        "/checkpoint.cosigned/",
        "/next/",
        "/log/1/checkpoint",
        "/log/02/checkpoint",
        "/log/66/checkpoint",
        "/log/2/",
        "/log/2/log/3/checkpoint",
        "/log//checkpoint",
        "/log/2/../2/checkpoint",
        "/checkpoint.cosigne",
        "/tile",
        "/tile/",
        "/tile/0",
        "/tile/0/",
        "/tile/0/0",
        "/tile/0/00",
        "/tile/0/0000",
        "/tile/64/000",
        "/tile/00/000",
        "/tile/01/000",
        "/tile/-1/000",
        "/tile/0/x000/000",
        "/tile/0/x001",
        "/tile/0/x001/",
        "/tile/0/x01/000",
        "/tile/0/001/000",
        "/tile/0/000.p",
        "/tile/0/000.p/",
        "/tile/0/000.p/0",
        "/tile/0/000.p/256",
        "/tile/0/000.p/01",
        "/tile/0/000.p/1/",
        "/tile/0/000.p/1.p/1",
        "/tile/0/000/..",
        "/tile/0/../../000",
        "/../keys/master.key",
        "/tile/../checkpoint",
        "/tile/%30/000",
        "/tile/0/%2e%2e/000",
        "/tile/entries/",
        "/tile/entries",
        "/tile/entriesx/000",
        "/tile/0/000\\",
        "/tile/0/000#",
        "/tile/0/x001/x001/x001/x001/x001/x001/x001/001",
        "http://host/checkpoint",
        "*",
        "/tile/0/\xEF\xBC\x90\xEF\xBC\x90\xEF\xBC\x90",
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (gw_path_classify(sy_view_str(rows[i])) != GW_PATH_NONE) {
            fail_msg("%s", rows[i]);
        }
    }
    assert_int_equal(gw_path_classify(sy_view("/checkpoint\0", 12)), GW_PATH_NONE);
    char longest[4096];
    memset(longest, 'x', sizeof(longest));
    assert_int_equal(gw_path_classify(sy_view(longest, sizeof(longest))), GW_PATH_NONE);
}

/* ---- frames ---- */

#define FRAMES_CLEANUP __attribute__((cleanup(gw_frames_deinit)))

static void frames_byte_by_byte(void **state)
{
    static const uint8_t two[] = {0x94, 0, 1, 0xA1, 'x', 0x90, 0x93, 2, 0xA1, 'y', 0x90};
    FRAMES_CLEANUP struct gw_frames f;
    struct sy_view frame;
    size_t n_frames = 0;
    (void)state;
    gw_frames_init(&f, &GW_FRAME_CLIENT);
    for (size_t i = 0; i < sizeof(two); i++) {
        check_ok(gw_frames_add(&f, sy_view(&two[i], 1)));
        sy_status s = gw_frames_next(&f, &frame, NULL);
        assert_true(sy_ok(s) == (i == 5 || i == 10));
        assert_true(sy_ok(s) || s.code == SY_E_CLOSED);
        n_frames += sy_ok(s);
    }
    assert_int_equal(n_frames, 2);
    assert_int_equal(frame.n, 5);
    assert_int_equal(gw_frames_rest(&f).n, 0);
}

/* Whatever can never become a frame is refused at the first byte that says so. */
static void frames_hostile(void **state)
{
    static const struct {
        const char *bytes;
        size_t n;
    } rows[] = {
        {"\xDD\x0F\xFF\xFF\xFF", 5},                      /* four-byte array of 268 million */
        {"\xDF\xFF\xFF\xFF\xFF", 5},                      /* map */
        {"\xC6\x00\x20\x00\x00", 5},                      /* blob of 2 MiB */
        {"\xDB\xFF\xFF\xFF\xFF", 5},                      /* text of 4 GiB */
        {"\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91", 10}, /* deep */
        {"\xDC\x02\x01", 3},                              /* more values than a frame has */
        {"\xC1", 1},                                      /* never used */
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        FRAMES_CLEANUP struct gw_frames f;
        struct sy_view frame;
        gw_frames_init(&f, &GW_FRAME_CLIENT);
        check_ok(gw_frames_add(&f, sy_view(rows[i].bytes, rows[i].n)));
        sy_status s = gw_frames_next(&f, &frame, NULL);
        if (sy_ok(s) || s.code == SY_E_CLOSED) {
            fail_msg("row %zu: %s", i, sy_code_name(s.code));
        }
    }
}

static void frames_largest(void **state)
{
    enum { HEADER = 5, PIECE = 60000 };
    FRAMES_CLEANUP struct gw_frames f;
    struct sy_view frame;
    static const uint8_t zeros[PIECE];
    size_t total = GW_FRAME_CLIENT.bytes;
    size_t body = total - HEADER;
    (void)state;
    gw_frames_init(&f, &GW_FRAME_CLIENT);
    const uint8_t header[HEADER] = {0xC6, (uint8_t)(body >> 24), (uint8_t)(body >> 16),
                                    (uint8_t)(body >> 8), (uint8_t)body};
    check_ok(gw_frames_add(&f, sy_view(header, HEADER)));
    for (size_t n = 0; n < body;) {
        check_code(gw_frames_next(&f, &frame, NULL), SY_E_CLOSED);
        size_t piece = body - n < PIECE ? body - n : PIECE;
        check_ok(gw_frames_add(&f, sy_view(zeros, piece)));
        n += piece;
    }
    check_ok(gw_frames_next(&f, &frame, NULL));
    assert_int_equal(frame.n, total);
}

/* ---- numbers on the edge ---- */

#define IDMAP_CLEANUP __attribute__((cleanup(gw_idmap_deinit)))

static void ids_are_used_once(void **state)
{
    IDMAP_CLEANUP struct gw_idmap m = {0};
    int a;
    int b;
    uint32_t ids[2];
    uint32_t id;
    void *owner;
    uint32_t client_id;
    (void)state;
    check_ok(gw_idmap_init(&m, 2));
    check_ok(gw_idmap_put(&m, &a, 0, &ids[0]));
    check_ok(gw_idmap_put(&m, &b, UINT32_MAX, &ids[1]));
    check_code(gw_idmap_put(&m, &a, 1, &id), SY_E_BUSY);
    assert_true(gw_idmap_take(&m, ids[1], &owner, &client_id));
    assert_ptr_equal(owner, &b);
    assert_int_equal(client_id, UINT32_MAX);
    assert_false(gw_idmap_take(&m, ids[1], &owner, &client_id));
    check_ok(gw_idmap_put(&m, &b, 5, &id));
    assert_int_not_equal(id, ids[1]); /* the same slot, another generation */
    assert_false(gw_idmap_take(&m, ids[1], &owner, &client_id));
    assert_false(gw_idmap_take(&m, 77, &owner, &client_id));
    assert_true(gw_idmap_take(&m, ids[0], &owner, &client_id));
    assert_ptr_equal(owner, &a);
    assert_int_equal(client_id, 0);
}

static void ids_of_the_gone(void **state)
{
    IDMAP_CLEANUP struct gw_idmap m = {0};
    int a;
    int b;
    uint32_t id;
    void *owner;
    uint32_t client_id;
    uint32_t cursor = 0;
    size_t n = 0;
    (void)state;
    check_ok(gw_idmap_init(&m, 8));
    for (uint32_t i = 0; i < 8; i++) {
        check_ok(gw_idmap_put(&m, i % 2 == 0 ? &a : &b, i, &id));
    }
    gw_idmap_forget(&m, &a);
    while (gw_idmap_take_any(&m, &cursor, &owner, &client_id)) {
        assert_ptr_equal(owner, client_id % 2 == 0 ? NULL : (void *)&b);
        n++;
    }
    assert_int_equal(n, 8);
    assert_int_equal(m.n_used, 0);
}

/* A slot's 4,096 generations come round without ever giving out a number that is in use. */
static void ids_come_round(void **state)
{
    IDMAP_CLEANUP struct gw_idmap m = {0};
    int a;
    uint32_t id = 0;
    void *owner;
    uint32_t client_id;
    (void)state;
    check_ok(gw_idmap_init(&m, GW_IDMAP_MAX));
    for (uint32_t i = 0; i < 10000; i++) {
        check_ok(gw_idmap_put(&m, &a, i, &id));
        assert_true(gw_idmap_take(&m, id, &owner, &client_id));
        assert_int_equal(client_id, i);
    }
    struct gw_idmap none;
    check_code(gw_idmap_init(&none, GW_IDMAP_MAX + 1), SY_E_USAGE);
}

/* ---- token buckets ---- */

static void free_buckets(struct gw_buckets **b)
{
    gw_buckets_free(*b);
}
#define BUCKETS_CLEANUP __attribute__((cleanup(free_buckets)))

static void bucket_holds_a_burst(void **state)
{
    BUCKETS_CLEANUP struct gw_buckets *b = gw_buckets_new(50, 100);
    uint8_t key[GW_KEY_BYTES] = {1};
    uint8_t other[GW_KEY_BYTES] = {1, 0, 0, 0, 2};
    uint64_t wait = 0;
    (void)state;
    for (int i = 0; i < 100; i++) {
        assert_true(gw_buckets_take(b, key, GW_COST_REQUEST, 1000, &wait));
    }
    assert_false(gw_buckets_take(b, key, GW_COST_REQUEST, 1000, &wait));
    assert_int_equal(wait, 20);
    assert_true(gw_buckets_take(b, other, GW_COST_REQUEST, 1000, &wait));
    assert_false(gw_buckets_take(b, key, GW_COST_REQUEST, 1019, &wait));
    assert_int_equal(wait, 1);
    assert_true(gw_buckets_take(b, key, GW_COST_REQUEST, 1020, &wait));
    assert_true(gw_buckets_take(b, key, 100 * GW_COST_REQUEST, UINT64_MAX, &wait));
    assert_false(gw_buckets_take(b, key, 1, UINT64_MAX, &wait));
}

/* A flood of strangers neither grows the table nor takes anything from others. */
static void bucket_flood(void **state)
{
    BUCKETS_CLEANUP struct gw_buckets *b = gw_buckets_new(1, 1);
    uint8_t key[GW_KEY_BYTES] = {0};
    uint64_t wait = 0;
    (void)state;
    for (uint32_t i = 0; i < 100000; i++) {
        memcpy(key + 8, &i, sizeof(i)); /* all fall into the same window */
        assert_true(gw_buckets_take(b, key, GW_COST_REQUEST, 5, &wait));
    }
    assert_false(gw_buckets_take(b, key, GW_COST_REQUEST, 5, &wait));
    assert_int_equal(wait, 1000);
}

static void key_of(const char *text, uint8_t ret[GW_KEY_BYTES])
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(7)};
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(9)};
    if (inet_pton(AF_INET, text, &in.sin_addr) == 1) {
        gw_address_key((struct sockaddr *)&in, ret);
    } else {
        assert_int_equal(inet_pton(AF_INET6, text, &in6.sin6_addr), 1);
        gw_address_key((struct sockaddr *)&in6, ret);
    }
}

static void addresses(void **state)
{
    static const struct {
        const char *a, *b;
        bool same;
    } rows[] = {
        {"192.0.2.1", "192.0.2.1", true},          {"192.0.2.1", "192.0.2.2", false},
        {"192.0.2.1", "::ffff:192.0.2.1", true},   {"2001:db8::1", "2001:db8::2", true},
        {"2001:db8:0:1::1", "2001:db8::1", false}, {"0.0.0.0", "::", false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint8_t a[GW_KEY_BYTES];
        uint8_t b[GW_KEY_BYTES];
        key_of(rows[i].a, a);
        key_of(rows[i].b, b);
        if ((memcmp(a, b, sizeof(a)) == 0) != rows[i].same) {
            fail_msg("%s and %s", rows[i].a, rows[i].b);
        }
    }
}

/* ---- descriptors ---- */

static sy_status take(struct gw_handoff *h, const char *name, int fd)
{
    char arg[64];
    struct sy_error err = {0};
    (void)snprintf(arg, sizeof(arg), "%s=%d", name, fd);
    return gw_handoff_take(h, arg, &err);
}

static void handoff_checks_kinds(void **state)
{
    struct gw_handoff h;
    struct sy_error err = {0};
    int stream[2];
    int packet[2];
    int dir = open("/", O_RDONLY | O_DIRECTORY);
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    (void)state;
    gw_handoff_init(&h);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, stream), 0);
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, packet), 0);
    check_code(take(&h, "listen", listener), SY_E_FIELD); /* not listening yet */
    assert_int_equal(listen(listener, 1), 0);
    check_code(take(&h, "warden", packet[0]), SY_E_FIELD);
    check_code(take(&h, "control", stream[0]), SY_E_FIELD);
    check_code(take(&h, "public", stream[0]), SY_E_FIELD);
    check_code(take(&h, "nobody", dir), SY_E_FIELD);
    check_code(take(&h, "public", 2), SY_E_FIELD);
    check_code(take(&h, "public", 999999), SY_E_FIELD);
    check_code(gw_handoff_take(&h, "public", &err), SY_E_FIELD);
    check_code(gw_handoff_take(&h, "public=05", &err), SY_E_FIELD);
    check_ok(take(&h, "listen", listener));
    check_ok(take(&h, "warden", stream[0]));
    check_code(gw_handoff_check(&h, &err), SY_E_FIELD);
    assert_non_null(strstr(err.reason, "public"));
    check_ok(take(&h, "public", dir));
    check_code(take(&h, "public", dir), SY_E_FIELD);
    check_ok(gw_handoff_check(&h, &err));
    check_ok(gw_handoff_ready(&h)); /* no control edge: nobody to tell */
    check_ok(take(&h, "control", packet[0]));
    check_ok(gw_handoff_ready(&h));
    char byte = 0;
    assert_int_equal(recv(packet[1], &byte, 1, 0), 1);
    assert_int_equal(byte, 'r');
    gw_handoff_close(&h);
    close(stream[1]);
    close(packet[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_served),
        cmocka_unit_test(paths_refused),
        cmocka_unit_test(frames_byte_by_byte),
        cmocka_unit_test(frames_hostile),
        cmocka_unit_test(frames_largest),
        cmocka_unit_test(ids_are_used_once),
        cmocka_unit_test(ids_of_the_gone),
        cmocka_unit_test(ids_come_round),
        cmocka_unit_test(bucket_holds_a_burst),
        cmocka_unit_test(bucket_flood),
        cmocka_unit_test(addresses),
        cmocka_unit_test(handoff_checks_kinds),
    };
    return cmocka_run_group_tests_name("gateway", tests, NULL, NULL);
}
