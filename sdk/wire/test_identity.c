/*
 * Identity and telephone numbers against their standards: every single-digit error and every swap of
 * neighbours is found, one person has one normal form; which classes and derivations a field may have.
 */
#include "check.h"

#include <stdio.h>

#include "base/time.h"
#include "wire/identity.h"

#define N_OF(a) (sizeof(a) / sizeof((a)[0]))

/* Of GB 11643-1999's annex: made up, valid. */
static const char EXAMPLE[] = "11010519491231002X";

static enum sy_idno_fault fault_of(const char *text, struct sy_idno *ret)
{
    return sy_idno_parse(sy_view_str(text), ret);
}

static int32_t day(int y, int m, int d)
{
    int32_t days = 0;
    assert_true(sy_days_of_date(y, m, d, &days));
    return days;
}

static void identity_numbers(void **state)
{
    (void)state;
    struct sy_idno id;
    assert_int_equal(fault_of(EXAMPLE, &id), SY_IDNO_FINE);
    assert_memory_equal(id.text, EXAMPLE, SY_IDNO_CHARS);
    assert_int_equal(id.birth, day(1949, 12, 31));
    assert_false(id.odd);
    assert_int_equal(fault_of("440524188001010014", &id), SY_IDNO_FINE); /* the other example */
    assert_true(id.odd);
    static const struct {
        const char *text;
        enum sy_idno_fault fault;
    } BAD[] = {
        {"", SY_IDNO_FORM},
        {"1101051949123100", SY_IDNO_FORM},
        {"11010519491231002XX", SY_IDNO_FORM},
        {"11010519491231002Y", SY_IDNO_FORM},
        {"1101051949123100X2", SY_IDNO_FORM},
        {"11010519491331002X", SY_IDNO_FORM}, /* no month 13 */
        {"110105194902290022", SY_IDNO_FORM}, /* 1949 is no leap year */
        {"110105000012310021", SY_IDNO_FORM}, /* no year 0 */
        {"110105194912310021", SY_IDNO_CHECKSUM},
    };
    for (size_t i = 0; i < N_OF(BAD); i++) {
        memset(&id, 7, sizeof(id));
        assert_int_equal(fault_of(BAD[i].text, &id), BAD[i].fault);
        assert_int_equal(id.text[0], 7); /* untouched */
    }
}

/* The 15 digits of 1989 are the same person's 18. */
static void one_person_one_number(void **state)
{
    (void)state;
    struct sy_idno old, now;
    assert_int_equal(fault_of("110105491231002", &old), SY_IDNO_FINE);
    assert_int_equal(fault_of(EXAMPLE, &now), SY_IDNO_FINE);
    assert_memory_equal(&old, &now, sizeof(old));
    assert_int_equal(fault_of("11010519491231002x", &now), SY_IDNO_FINE);
    assert_memory_equal(old.text, now.text, sizeof(old.text));
    assert_int_equal(fault_of("110105491331002", &old), SY_IDNO_FORM);
    assert_int_equal(fault_of("11010549123100X", &old), SY_IDNO_FORM);
}

/* ISO 7064 MOD 11-2 finds every wrong digit and every swap of neighbours. */
static void slips_of_a_clerk(void **state)
{
    (void)state;
    struct sy_idno id;
    unsigned wrong = 0, swapped = 0;
    for (size_t i = 0; i < SY_IDNO_CHARS; i++) {
        for (char c = '0'; c <= '9'; c++) {
            char text[sizeof(EXAMPLE)];
            memcpy(text, EXAMPLE, sizeof(text));
            text[i] = c;
            wrong += c != EXAMPLE[i] && fault_of(text, &id) == SY_IDNO_FINE;
        }
    }
    for (size_t i = 0; i + 1 < SY_IDNO_CHARS; i++) {
        char text[sizeof(EXAMPLE)];
        memcpy(text, EXAMPLE, sizeof(text));
        text[i] = EXAMPLE[i + 1];
        text[i + 1] = EXAMPLE[i];
        swapped += text[i] != text[i + 1] && fault_of(text, &id) == SY_IDNO_FINE;
    }
    assert_int_equal(wrong, 0);
    assert_int_equal(swapped, 0);
}

static void telephone_numbers(void **state)
{
    (void)state;
    static const struct {
        const char *text, *digits;
    } CASES[] = {
        {"13812345678", "13812345678"},
        {"138-1234-5678", "13812345678"},
        {"+86 138 1234 5678", "13812345678"},
        {"8613812345678", "13812345678"},
        {"008613812345678", "13812345678"},
        {"0571-87654321", "057187654321"},
        {"(0571) 87654321", "057187654321"},
        {"010 12345678", "01012345678"},
        {"12812345678", ""},
        {"1381234567", ""},
        {"138123456789", ""},
        {"13812345678a", ""},
        {"87654321", ""}, /* without its area code it names nobody */
        {"00571876543", ""},
        {"01234567890123456789", ""},
        {"", ""},
        {"13+812345678", ""},
        {"013812345678", "13812345678"}, /* the trunk prefix is nobody's */
        {"+1 381 234 5678", ""},         /* somebody in another country */
        {"+057187654321", ""},
        {"+86 0571 8765 4321", "057187654321"},
    };
    for (size_t i = 0; i < N_OF(CASES); i++) {
        char digits[SY_PHONE_CHARS];
        size_t n = sy_phone_digits(sy_view_str(CASES[i].text), digits);
        assert_true(sy_view_is(sy_view(digits, n), CASES[i].digits));
    }
}

/* Which fields a catalogue may hold, and of these, which no grant may name. */
static void fields_that_name_people(void **state)
{
    (void)state;
    struct sy_view two[] = {sy_view_str("女"), sy_view_str("男")};
    static const struct {
        const char *type, *klass, *derive;
        bool nullable, source;
        size_t n_values;
        bool fault, refused;
    } CASES[] = {
        {"unit", "idno", "", false, false, 0, false, false},
        {"unit", "phone", "", false, false, 0, false, false},
        {"text", "idno", "", false, false, 0, true, true},
        {"enum", "phone", "", false, false, 0, true, true},
        {"text", "name", "", false, false, 0, false, true},
        {"enum", "name", "", false, false, 2, false, true},
        {"text", "address", "", false, false, 0, false, true},
        {"text", "free", "", false, false, 0, false, true},
        {"text", "", "", false, false, 0, false, true},
        {"text", "anything", "", false, false, 0, false, true},
        {"text", "code", "", false, false, 0, false, false},
        {"int32", "", "", false, false, 0, false, false},
        {"enum", "idno", "idno.region", true, true, 2, false, false},
        {"enum", "", "idno.sex", true, true, 2, false, false},
        {"bool", "", "idno.sex", true, true, 0, false, false},
        {"enum", "", "idno.sex", true, true, 1, true, false},
        {"date", "", "idno.birth", true, true, 0, false, false},
        {"date", "", "idno.birth", false, true, 0, true, false},
        {"date", "", "idno.birth", true, false, 0, true, false},
        {"int32", "", "idno.birth", true, true, 0, true, false},
        {"enum", "", "address.region", true, true, 2, false, false},
        {"text", "", "address.region", true, true, 0, true, false},
        {"enum", "", "phone.region", true, true, 2, false, false},
        {"enum", "", "idno.name", true, true, 2, true, false},
    };
    for (size_t i = 0; i < N_OF(CASES); i++) {
        struct sy_field_def f = {.name = sy_view_str("f"),
                                 .type = sy_view_str(CASES[i].type),
                                 .klass = sy_view_str(CASES[i].klass),
                                 .derive = sy_view_str(CASES[i].derive),
                                 .nullable = CASES[i].nullable,
                                 .source = sy_view_str(CASES[i].source ? "raw" : ""),
                                 .values = two,
                                 .n_values = CASES[i].n_values};
        assert_int_equal(sy_identity_fault(&f) != NULL, CASES[i].fault);
        assert_int_equal(sy_klass_refused(&f), CASES[i].refused);
    }
    struct sy_field_def joined = {.type = sy_view_str("unit"), .klass = sy_view_str("idno")};
    joined.sources = two;
    joined.n_sources = 2;
    assert_non_null(sy_identity_fault(&joined));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(identity_numbers),        cmocka_unit_test(one_person_one_number),
        cmocka_unit_test(slips_of_a_clerk),        cmocka_unit_test(telephone_numbers),
        cmocka_unit_test(fields_that_name_people),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
