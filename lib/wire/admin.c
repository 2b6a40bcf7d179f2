#include "lib/wire/admin.h"

#include "lib/wire/http_field.h"

static bool same_text(struct slice a, struct slice b)
{
    unsigned different = a.len == b.len ? 0 : 1;
    for (size_t i = 0; i < a.len; i++)
        different |= (unsigned char)a.ptr[i] ^ (unsigned char)(b.len == 0 ? 0 : b.ptr[i % b.len]);
    return different == 0;
}

bool admin_may(const char *password, struct slice authorization)
{
    char memory[ADMIN_USER_PASSWORD_MAX];
    struct slice user, said;
    if (password[0] == '\0' ||
        http_field_basic(authorization, memory, sizeof memory, &user, &said) != ERR_OK)
        return false;
    bool is_admin = same_text(user, SLICE("admin"));
    return same_text(said, slice_of(password)) && is_admin;
}

bool admin_is_same_origin(struct slice origin, struct slice host)
{
    if (origin.len == 0)
        return true;
    static const char *const schemes[] = {"http://", "https://"};
    for (unsigned i = 0; i < 2; i++) {
        struct slice scheme = slice_of(schemes[i]);
        if (slice_starts_nocase(origin, scheme))
            return host.len > 0 &&
                   slice_eq_nocase((struct slice){origin.ptr + scheme.len, origin.len - scheme.len},
                                   host);
    }
    return false;
}

bool admin_is_own_fetch(struct slice sec_fetch_site)
{
    return sec_fetch_site.len == 0 || slice_eq_nocase(sec_fetch_site, SLICE("same-origin")) ||
           slice_eq_nocase(sec_fetch_site, SLICE("none"));
}
