/* The public headers alone, as strict C99: compiling is the test. */
#include <shuyu/async.h>
#include <shuyu/staff.h>

int header_c99(void);

int header_c99(void)
{
    shuyu_error e = {0};
    shuyu_status (*open)(const char *, shuyu_profile **, shuyu_error *) = shuyu_profile_open;
    return e.code == SHUYU_OK && open != 0 ? SHUYU_E_BUDGET : 0;
}
