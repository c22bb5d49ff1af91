/*
 * How many runs may be under way: whoever asks about one subject takes the same room as who runs a model, or
 * twice as many workers as fit would push each other over their slots.
 */
#include "check.h"

#include <stdlib.h>

#include "warden/call.h"
#include "warden/warden.h"

enum { ALIVE = 4 };

static struct warden_call *alive(struct warden *w, const char *method, const char *party)
{
    struct warden_call *c = calloc(1, sizeof(*c));
    assert_non_null(c);
    c->w = w;
    c->passed_fd = -1;
    c->method = warden_method_find(sy_view_str(method));
    assert_non_null(c->method);
    c->request.header.party = sy_view_str(party);
    c->live_next = w->calls;
    c->live_at = &w->calls;
    if (w->calls != NULL) {
        w->calls->live_at = &c->live_next;
    }
    w->calls = c;
    return c;
}

/* One more, and it is gone again. */
static bool fits(struct warden *w, const char *method, const char *party)
{
    static const struct warden_room room = {.in_all = ALIVE + 1, .of_party = ALIVE};
    struct warden_call *c = alive(w, method, party);
    bool fine = warden_call_room(c, &room);
    if (fine) { /* refused, it was freed */
        warden_call_clear(c, SY_E_BUSY, "enough");
    }
    return fine;
}

static void test_room(void **state)
{
    struct warden w = {0};
    (void)state;
    for (size_t i = 0; i < ALIVE; i++) {
        assert_true(fits(&w, "subject.ask", "acme"));
        (void)alive(&w, i % 2 == 0 ? "model.run" : "subject.ask", "acme");
    }
    assert_false(fits(&w, "model.run", "acme"));
    assert_false(fits(&w, "subject.ask", "acme"));
    assert_true(fits(&w, "subject.ask", "rival"));
    assert_true(fits(&w, "model.check", "acme")); /* other work */
    assert_true(fits(&w, "status.domain", "acme"));
    (void)alive(&w, "model.run", "rival");
    assert_false(fits(&w, "subject.ask", "other")); /* five in all */
    while (w.calls != NULL) {
        warden_call_clear(w.calls, SY_E_BUSY, "over");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_room)};
    return cmocka_run_group_tests_name("warden_room", tests, NULL, NULL);
}
