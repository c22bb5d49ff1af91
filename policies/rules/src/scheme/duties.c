/*
 * The table of duties: beside the table of methods (../methods.c), which says which role may call what, this says which
 * of a party's people may sign it. A test prints it into the same golden form.
 *
 * The three administrators hold each other in check: `system` gives and takes keys and does nothing else, `security`
 * stops, `audit` reads the log. What concerns the data is `business`. The party's own key lies in a safe: it begins the
 * rota and ends it, and signs what outsiders check by genesis (log.rotate, domain.promote).
 * Source: scheme articles 10 (persons in charge of security), 16, 24, 25.
 */
#include "staff.h"

#define STOPS "business security"

static const struct duty DUTIES[] = {
    {"audit.", "audit", false},
    {"domain.promote", "", true},
    {"due.list", "*", true},
    {"incident.report", "*", false},
    {"incident.", STOPS, false},
    {"inspect.", STOPS, false},
    {"log.entries", "audit business security", true}, /* comments and receipts are entries too */
    {"log.growth", "*", true},
    {"log.keys", "*", true},
    {"log.receipt", "*", true},
    {"log.rotate", "", true},
    {"order.", STOPS, false},
    {"party.enrol", "system", false}, /* who signs the invitation */
    {"party.revoke", "security system", true},
    {"party.rotate", "", true},
    {"payload.read", "audit", false},
    {"product.report", STOPS, false},
    {"product.review", STOPS, false},
    {"product.test", STOPS, false},
    {"product.withdraw", STOPS, false},
    {"risk.report", "audit business security", false},
    {"scene.exposure", STOPS, false},
    {"scene.lift", STOPS, false},
    {"scene.revoke", STOPS, false},
    {"scene.suspend", STOPS, false},
    {"staff.enrol", "system", true}, /* who signs the invitation */
    {"staff.revoke", "system", true},
    {"staff.rotate", "*", false},
    {"staff.train", "security", false},
    {"state.list", "*", true},
    {"status.domain", "*", true},
    {"witness.adopt", "system", false},
    {"witness.status", "*", true},
};
enum { N_DUTIES = sizeof(DUTIES) / sizeof(DUTIES[0]) };

static const struct duty BUSINESS = {"", "business", false};

static bool names(const char *methods, struct sy_view method)
{
    size_t n = strlen(methods);
    bool prefix = n > 0 && methods[n - 1] == '.';
    return prefix ? sy_view_starts(method, sy_view(methods, n)) : sy_view_is(method, methods);
}

const struct duty *duty_of(struct sy_view method)
{
    for (size_t i = 0; i < N_DUTIES; i++) {
        if (names(DUTIES[i].methods, method)) {
            return &DUTIES[i];
        }
    }
    return &BUSINESS;
}

bool duty_may_need_two(const struct method *m)
{
    const unsigned never = RULES_M_READ | RULES_M_GATE | RULES_M_WARDEN | RULES_M_NEW;
    const char *duties = duty_of(sy_view_str(m->pub.name))->duties;
    return (m->pub.flags & never) == 0 && strcmp(m->pub.type, "charge") != 0 &&
           strcmp(duties, "") != 0 && strcmp(duties, "*") != 0;
}

const struct duty *duty_at(size_t i)
{
    return i < N_DUTIES ? &DUTIES[i] : NULL;
}

bool duties_sound(const struct sy_view *duties, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (!word_in(duties[i], SY_STAFF_DUTIES) ||
            (i > 0 && sy_view_cmp(duties[i - 1], duties[i]) >= 0)) {
            return false;
        }
    }
    return n >= 1;
}

bool duties_mixed(const struct sy_view *duties, size_t n)
{
    size_t of_three = 0;
    for (size_t i = 0; i < n; i++) {
        of_three += word_in(duties[i], "audit security system") ? 1 : 0;
    }
    return of_three > 1;
}
