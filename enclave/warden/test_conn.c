/*
 * Connections: frames are cut alike however the bytes arrive, whatever is no frame ends the
 * connection, a peer that does not read is dropped, and no descriptor that a peer passes is ever left
 * open.
 */
#include "check.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fdio.h"
#include "base/time.h"
#include "warden/conn.h"
#include "wire/rpc.h"

enum { MS = 1000000, FRAMES = 64, PATIENCE_MS = 20000 };

/* A connection and its peer. */
struct side {
    struct warden_loop *loop;
    struct warden_conn *conn; /* NULL once gone */
    int peer;
    struct sy_buf frames[FRAMES];
    size_t n;
    size_t descriptors; /* claimed and closed */
    size_t gone;
    struct side *drops; /* dropped by a frame here, may be itself */
    size_t wanted;      /* frames to wait for */
    bool answers;       /* sends each frame back */
};

static void maybe_stop(struct side *s)
{
    if (s->n >= s->wanted || s->conn == NULL) {
        warden_loop_stop(s->loop);
    }
}

static void on_frame(void *ctx, struct warden_conn *conn, struct sy_view frame, int passed_fd)
{
    struct side *s = ctx;
    assert_true(conn == s->conn);
    assert_true(s->n < FRAMES);
    s->frames[s->n] = sy_buf((size_t)64 << 20);
    check_ok(sy_buf_add_view(&s->frames[s->n++], frame));
    if (passed_fd >= 0) {
        s->descriptors++;
        sy_fd_close(&passed_fd);
    }
    if (s->answers) {
        warden_conn_send(conn, frame);
    }
    if (s->drops != NULL && s->drops->conn != NULL) {
        warden_conn_drop(s->drops->conn);
    }
    maybe_stop(s);
}

static void on_gone(void *ctx, struct warden_conn *conn)
{
    struct side *s = ctx;
    assert_true(conn == s->conn);
    s->conn = NULL;
    s->gone++;
    maybe_stop(s);
}

static const struct warden_conn_ops OPS = {on_frame, on_gone};

static void nothing(void *ctx)
{
    (void)ctx;
}

static void open_in(struct side *s, struct warden_loop *loop, enum warden_conn_kind kind)
{
    int ends[2];
    *s = (struct side){.loop = loop, .wanted = 1};
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    s->peer = ends[1];
    s->conn = warden_conn_open(loop, ends[0], kind, 77, &OPS, s);
    assert_non_null(s->conn);
    assert_int_equal(warden_conn_id(s->conn), 77);
    assert_int_equal(warden_conn_kind(s->conn), kind);
}

static void open_side(struct side *s, enum warden_conn_kind kind)
{
    struct warden_loop *loop = warden_loop_new(nothing, NULL);
    assert_non_null(loop);
    open_in(s, loop, kind);
}

static void close_side(struct side *s)
{
    if (s->conn != NULL) {
        warden_conn_drop(s->conn);
    }
    assert_int_equal(s->gone, 1);
    sy_fd_close(&s->peer);
    for (size_t i = 0; i < s->n; i++) {
        sy_buf_deinit(&s->frames[i]);
    }
    warden_loop_free(s->loop);
}

static void too_long(void *ctx)
{
    warden_loop_stop(ctx);
}

/* Run until the wanted frames are there or the connection is gone. */
static void run(struct side *s)
{
    assert_true(warden_timer_add(s->loop, sy_mono_ns() + (uint64_t)PATIENCE_MS * MS, too_long,
                                 s->loop) != 0);
    warden_loop_run(s->loop);
}

/* Run for a moment: for what must not happen. */
static void run_a_moment(struct side *s)
{
    s->wanted = FRAMES;
    assert_true(warden_timer_add(s->loop, sy_mono_ns() + 20 * MS, too_long, s->loop) != 0);
    warden_loop_run(s->loop);
}

static size_t open_descriptors(void)
{
    DIR *d = opendir("/proc/self/fd");
    size_t n = 0;
    assert_non_null(d);
    while (readdir(d) != NULL) {
        n++;
    }
    closedir(d);
    return n;
}

static void put_frame(struct sy_buf *b, uint32_t id, size_t n_bytes)
{
    SY_BUF_CLEANUP struct sy_buf body = sy_buf(n_bytes + 1);
    uint8_t *to = sy_buf_reserve(&body, n_bytes);
    assert_non_null(to);
    memset(to, (int)id, n_bytes);
    body.n = n_bytes;
    check_ok(sy_rpc_put_request(b, id, "relay", 1));
    check_ok(sy_mp_put_bin(b, sy_buf_view(&body)));
}

static void say(const struct side *s, const void *p, size_t n)
{
    check_ok(sy_write_all(s->peer, p, n));
}

/* ---- cutting ---- */

static void test_cut_at_every_border(void **state)
{
    (void)state;
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(1 << 16);
    put_frame(&b, 300, 40);
    size_t first = b.n;
    put_frame(&b, 7, 3);
    for (size_t cut = 0; cut <= b.n; cut++) {
        struct side s;
        open_side(&s, WARDEN_CONN_GATEWAY);
        say(&s, b.p, cut);
        s.wanted = cut >= b.n ? 2 : cut >= first ? 1 : 0;
        if (s.wanted > 0) {
            run(&s);
            assert_int_equal(s.n, s.wanted);
        }
        close_side(&s);
    }
}

struct writer {
    const struct side *s;
    const struct sy_buf *b;
    size_t sent, step;
};

static void write_more(void *ctx)
{
    struct writer *w = ctx;
    size_t n = w->b->n - w->sent < w->step ? w->b->n - w->sent : w->step;
    say(w->s, w->b->p + w->sent, n);
    w->sent += n;
    if (w->sent < w->b->n) {
        assert_true(warden_post(w->s->loop, write_more, w));
    }
}

/* Piece by piece, one piece a round, in every size: the same two frames. */
static void test_pieces(void **state)
{
    (void)state;
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(1 << 16);
    put_frame(&b, 300, 40);
    size_t first = b.n;
    put_frame(&b, 7, 3);
    for (size_t step = 1; step <= b.n; step++) {
        struct side s;
        open_side(&s, WARDEN_CONN_LOCAL);
        struct writer w = {.s = &s, .b = &b, .step = step};
        s.wanted = 2;
        write_more(&w);
        run(&s);
        assert_int_equal(s.n, 2);
        assert_memory_equal(s.frames[0].p, b.p, first);
        assert_int_equal(s.frames[0].n, first);
        assert_memory_equal(s.frames[1].p, b.p + first, b.n - first);
        assert_int_equal(s.frames[1].n, b.n - first);
        close_side(&s);
    }
}

/* A frame larger than what one read brings, and a small one behind it. */
static void test_large_frame(void **state)
{
    (void)state;
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(8 << 20);
    struct side s;
    open_side(&s, WARDEN_CONN_GATEWAY);
    put_frame(&b, 1, 3 << 20);
    size_t first = b.n;
    put_frame(&b, 2, 1);
    struct writer w = {.s = &s, .b = &b, .step = 60000};
    s.wanted = 2;
    write_more(&w);
    run(&s);
    assert_int_equal(s.n, 2);
    assert_int_equal(s.frames[0].n, first);
    assert_memory_equal(s.frames[0].p, b.p, first);
    close_side(&s);
}

static void test_many_frames_in_one_write(void **state)
{
    (void)state;
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(1 << 16);
    struct side s;
    open_side(&s, WARDEN_CONN_GATEWAY);
    for (uint32_t i = 0; i < 50; i++) {
        put_frame(&b, i, i);
    }
    say(&s, b.p, b.n);
    s.wanted = 50;
    run(&s);
    assert_int_equal(s.n, 50);
    close_side(&s);
}

/* ---- what is no frame ---- */

/* Bytes that can never become a frame, or not within the limits. */
static const struct {
    const char *name;
    uint8_t bytes[12];
    size_t n;
} GARBAGE[] = {
    {"never used", {0xc1}, 1},
    {"never used, inside", {0x91, 0xc1}, 2},
    {"binary of 4 GiB", {0xc6, 0xff, 0xff, 0xff, 0xff}, 5},
    {"text of 4 GiB", {0x92, 0x00, 0xdb, 0xff, 0xff, 0xff, 0xff}, 7},
    {"array of 4 G", {0xdd, 0xff, 0xff, 0xff, 0xff}, 5},
    {"map of 2 G", {0xdf, 0x80, 0x00, 0x00, 0x00}, 5},
};

static void test_garbage_ends_it(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(GARBAGE) / sizeof(GARBAGE[0]); i++) {
        struct side s;
        open_side(&s, WARDEN_CONN_LOCAL);
        say(&s, GARBAGE[i].bytes, GARBAGE[i].n);
        run(&s);
        if (s.gone != 1 || s.n != 0) {
            fail_msg("%s: %zu frames, gone %zu", GARBAGE[i].name, s.n, s.gone);
        }
        close_side(&s);
    }
}

static void test_garbage_behind_a_frame(void **state)
{
    (void)state;
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(1 << 16);
    struct side s;
    open_side(&s, WARDEN_CONN_LOCAL);
    put_frame(&b, 1, 5);
    check_ok(sy_buf_add(&b, "\xc1", 1));
    say(&s, b.p, b.n);
    s.wanted = 2;
    run(&s);
    assert_int_equal(s.n, 1);
    assert_int_equal(s.gone, 1);
    close_side(&s);
}

static void test_too_deep(void **state)
{
    (void)state;
    uint8_t deep[64];
    struct side s;
    memset(deep, 0x91, sizeof(deep));
    open_side(&s, WARDEN_CONN_LOCAL);
    say(&s, deep, sizeof(deep));
    run(&s);
    assert_int_equal(s.gone, 1);
    close_side(&s);
}

/* One whole value that is no request is still a frame: its judge is the owner. */
static void test_other_values_are_frames(void **state)
{
    (void)state;
    struct side s;
    open_side(&s, WARDEN_CONN_LOCAL);
    say(&s, "\xc0\x01\xa1z", 4);
    s.wanted = 3;
    run(&s);
    assert_int_equal(s.n, 3);
    close_side(&s);
}

static void test_end_of_file(void **state)
{
    (void)state;
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(1 << 16);
    struct side s;
    open_side(&s, WARDEN_CONN_LOCAL);
    put_frame(&b, 1, 5);
    say(&s, b.p, b.n - 1);
    assert_int_equal(shutdown(s.peer, SHUT_WR), 0);
    run(&s);
    assert_int_equal(s.gone, 1);
    assert_int_equal(s.n, 0);
    close_side(&s);
}

/* ---- sending ---- */

static void test_echo(void **state)
{
    (void)state;
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(1 << 20);
    SY_BUF_CLEANUP struct sy_buf back = sy_buf(1 << 20);
    struct side s;
    open_side(&s, WARDEN_CONN_GATEWAY);
    s.answers = true;
    for (uint32_t i = 0; i < 10; i++) {
        put_frame(&b, i, 1000);
    }
    say(&s, b.p, b.n);
    s.wanted = 10;
    run(&s);
    uint8_t *to = sy_buf_reserve(&back, b.n);
    check_ok(sy_read_all(s.peer, to, b.n));
    assert_memory_equal(to, b.p, b.n);
    close_side(&s);
}

/* A peer that never reads: what is queued has a ceiling, and then it is gone. */
static void test_peer_that_never_reads(void **state)
{
    (void)state;
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(8 << 20);
    struct side s;
    size_t sent = 0;
    open_side(&s, WARDEN_CONN_GATEWAY);
    put_frame(&b, 1, 4 << 20);
    while (s.conn != NULL && sent < 200) {
        warden_conn_send(s.conn, sy_buf_view(&b));
        sent++;
    }
    print_message("# dropped after %zu MiB\n", sent * 4);
    assert_int_equal(s.gone, 1);
    assert_true(sent < 200);
    close_side(&s);
}

struct reader {
    struct side *s;
    const struct sy_buf *want;
    size_t got;
};

static void read_some(void *ctx)
{
    struct reader *r = ctx;
    uint8_t bytes[30000];
    ssize_t n = recv(r->s->peer, bytes, sizeof(bytes), MSG_DONTWAIT);
    if (n > 0) {
        assert_memory_equal(bytes, r->want->p + r->got, (size_t)n);
        r->got += (size_t)n;
    }
    if (r->got == r->want->n) {
        warden_loop_stop(r->s->loop);
    } else {
        assert_true(warden_post(r->s->loop, read_some, r));
    }
}

/* A slow one gets every byte in order. */
static void test_slow_peer(void **state)
{
    (void)state;
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(4 << 20);
    struct side s;
    open_side(&s, WARDEN_CONN_GATEWAY);
    put_frame(&b, 9, 2 << 20);
    warden_conn_send(s.conn, sy_buf_view(&b));
    struct reader r = {.s = &s, .want = &b};
    read_some(&r);
    run(&s);
    assert_int_equal(r.got, b.n);
    close_side(&s);
}

static void test_sending_to_one_that_left(void **state)
{
    (void)state;
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(1 << 16);
    struct side s;
    open_side(&s, WARDEN_CONN_GATEWAY);
    put_frame(&b, 1, 5);
    sy_fd_close(&s.peer);
    warden_conn_send(s.conn, sy_buf_view(&b));
    assert_int_equal(s.gone, 1);
    close_side(&s);
}

/* ---- descriptors ---- */

static void pass(const struct side *s, const struct sy_buf *b, size_t n_fds)
{
    int fds[4] = {STDIN_FILENO, STDIN_FILENO, STDIN_FILENO, STDIN_FILENO};
    check_ok(sy_send_fds(s->peer, sy_buf_view(b), fds, n_fds));
}

static void test_descriptor_is_handed_over_once(void **state)
{
    (void)state;
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(1 << 16);
    size_t before = open_descriptors();
    struct side s;
    open_side(&s, WARDEN_CONN_LOCAL);
    put_frame(&b, 1, 5);
    put_frame(&b, 2, 5);
    pass(&s, &b, 1);
    s.wanted = 2;
    run(&s);
    assert_int_equal(s.n, 2);
    assert_int_equal(s.descriptors, 1);
    close_side(&s);
    assert_int_equal(open_descriptors(), before);
}

/* On half a frame, again on its rest: only the last is kept, and it goes with the connection. */
static void test_unclaimed_descriptors_are_closed(void **state)
{
    (void)state;
    size_t before = open_descriptors();
    struct side s;
    open_side(&s, WARDEN_CONN_LOCAL);
    for (int i = 0; i < 3; i++) {
        SY_BUF_CLEANUP struct sy_buf half = sy_buf(64);
        check_ok(sy_buf_add(&half, i == 0 ? "\x94" : "\x01", 1));
        pass(&s, &half, 1);
    }
    run_a_moment(&s);
    assert_int_equal(s.n, 0);
    assert_non_null(s.conn);
    close_side(&s);
    assert_int_equal(open_descriptors(), before);
}

static void refuses_descriptors(enum warden_conn_kind kind, size_t n_fds)
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(1 << 16);
    size_t before = open_descriptors();
    struct side s;
    open_side(&s, kind);
    put_frame(&b, 1, 5);
    pass(&s, &b, n_fds);
    run(&s);
    assert_int_equal(s.n, 0);
    assert_int_equal(s.gone, 1);
    close_side(&s);
    assert_int_equal(open_descriptors(), before);
}

/* The gateway passes none, a local client one at a time: anything else ends the connection. */
static void test_descriptors_that_may_not_come(void **state)
{
    (void)state;
    refuses_descriptors(WARDEN_CONN_GATEWAY, 1);
    refuses_descriptors(WARDEN_CONN_GATEWAY, 4);
    refuses_descriptors(WARDEN_CONN_LOCAL, 2);
    refuses_descriptors(WARDEN_CONN_LOCAL, 4);
}

static void test_descriptor_with_garbage(void **state)
{
    (void)state;
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(64);
    size_t before = open_descriptors();
    struct side s;
    open_side(&s, WARDEN_CONN_LOCAL);
    check_ok(sy_buf_add(&b, "\xc1", 1));
    pass(&s, &b, 1);
    run(&s);
    assert_int_equal(s.gone, 1);
    close_side(&s);
    assert_int_equal(open_descriptors(), before);
}

/* ---- dropping from inside ---- */

static void test_drop_in_own_callback(void **state)
{
    (void)state;
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(1 << 16);
    for (int answers = 0; answers < 2; answers++) {
        struct side s;
        open_side(&s, WARDEN_CONN_LOCAL);
        put_frame(&b, 1, 5);
        put_frame(&b, 2, 5);
        pass(&s, &b, 1);
        s.drops = &s;
        s.answers = answers == 1;
        s.wanted = 2;
        run(&s);
        assert_int_equal(s.n, 1); /* what came behind is not delivered */
        close_side(&s);
        sy_buf_clear(&b);
    }
}

/* Two connections ready in one round; the first one's frame drops the other. */
static void test_drop_of_another(void **state)
{
    (void)state;
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(1 << 16);
    struct side a, c;
    open_side(&a, WARDEN_CONN_LOCAL);
    open_in(&c, a.loop, WARDEN_CONN_LOCAL);
    put_frame(&b, 1, 5);
    say(&a, b.p, b.n);
    say(&c, b.p, b.n);
    a.drops = &c;
    run(&a);
    assert_int_equal(a.n, 1);
    assert_int_equal(c.n, 0);
    assert_int_equal(c.gone, 1);
    sy_fd_close(&c.peer);
    close_side(&a);
}

/* A send inside a frame's callback that finds the peer gone drops the connection under it. */
static void test_drop_by_a_send_inside(void **state)
{
    (void)state;
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(1 << 16);
    struct side s;
    open_side(&s, WARDEN_CONN_LOCAL);
    put_frame(&b, 1, 5);
    put_frame(&b, 2, 5);
    say(&s, b.p, b.n);
    sy_fd_close(&s.peer);
    s.answers = true;
    s.wanted = 2;
    run(&s);
    assert_int_equal(s.n, 1);
    assert_int_equal(s.gone, 1);
    close_side(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cut_at_every_border),
        cmocka_unit_test(test_pieces),
        cmocka_unit_test(test_large_frame),
        cmocka_unit_test(test_many_frames_in_one_write),
        cmocka_unit_test(test_garbage_ends_it),
        cmocka_unit_test(test_garbage_behind_a_frame),
        cmocka_unit_test(test_too_deep),
        cmocka_unit_test(test_other_values_are_frames),
        cmocka_unit_test(test_end_of_file),
        cmocka_unit_test(test_echo),
        cmocka_unit_test(test_peer_that_never_reads),
        cmocka_unit_test(test_slow_peer),
        cmocka_unit_test(test_sending_to_one_that_left),
        cmocka_unit_test(test_descriptor_is_handed_over_once),
        cmocka_unit_test(test_unclaimed_descriptors_are_closed),
        cmocka_unit_test(test_descriptors_that_may_not_come),
        cmocka_unit_test(test_descriptor_with_garbage),
        cmocka_unit_test(test_drop_in_own_callback),
        cmocka_unit_test(test_drop_of_another),
        cmocka_unit_test(test_drop_by_a_send_inside),
    };
    return cmocka_run_group_tests_name("warden_conn", tests, NULL, NULL);
}
