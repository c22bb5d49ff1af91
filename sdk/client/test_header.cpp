// The public headers alone, as C++17: compiling and linking is the test.
#include <shuyu/async.h>
#include <shuyu/staff.h>
#include <uv.h>

int main()
{
    shuyu_error e{};
    shuyu_profile *p = nullptr;
    uv_loop_t loop{};
    shuyu_async *c = nullptr;
    bool refused = shuyu_async_open(&loop, nullptr, nullptr, nullptr, &c, &e) == SHUYU_E_USAGE;
    return refused && shuyu_profile_open(nullptr, &p, &e) == SHUYU_E_USAGE ? 0 : 1;
}
