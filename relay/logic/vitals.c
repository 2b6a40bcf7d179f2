#include "relay/logic/vitals.h"

#include <string.h>

enum { PREFIX_LEN = sizeof "X-Camera-" - 1 };

static struct vitals_camera *oldest(struct vitals *v)
{
    struct vitals_camera *found = &v->cameras[0];
    for (size_t i = 0; i < VITALS_CAMERAS_MAX; i++) {
        struct vitals_camera *c = &v->cameras[i];
        if (c->camera[0] == '\0')
            return c;
        if (c->at.ms < found->at.ms)
            found = c;
    }
    return found;
}

bool vitals_put(struct vitals *v, struct slice camera, struct wall now,
                const struct vitals_camera *report)
{
    char name[PHOTO_CAMERA_MAX];
    if (!slice_to_text(slice_trim(camera), name, sizeof name) || name[0] == '\0')
        return false;
    if (report->count == 0)
        return true;
    struct vitals_camera *c = NULL;
    for (size_t i = 0; i < VITALS_CAMERAS_MAX && c == NULL; i++) {
        if (strcmp(v->cameras[i].camera, name) == 0)
            c = &v->cameras[i];
    }
    if (c == NULL)
        c = oldest(v);
    *c = *report;
    c->at = now;
    memcpy(c->camera, name, sizeof name);
    return true;
}

static bool is_printable(struct slice s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] < 0x20 || s.ptr[i] > 0x7E)
            return false;
    }
    return true;
}

/* These say which photo it is, not how the camera is. */
static bool is_identity(struct slice name)
{
    return slice_eq_nocase(name, SLICE("id")) || slice_eq_nocase(name, SLICE("boot")) ||
           slice_eq_nocase(name, SLICE("seq"));
}

void vitals_add(struct vitals_camera *c, struct slice header, struct slice value)
{
    const size_t prefix = PREFIX_LEN;
    if (!slice_starts_nocase(header, SLICE("X-Camera-")) || c->count == VITALS_FIELDS_MAX)
        return;
    struct slice name = {header.ptr + prefix, header.len - prefix};
    struct vitals_field *f = &c->fields[c->count];
    value = slice_trim(value);
    if (name.len == 0 || is_identity(name) || !is_printable(name) || !is_printable(value) ||
        !slice_to_text(name, f->name, sizeof f->name) ||
        !slice_to_text(value, f->value, sizeof f->value))
        return;
    for (char *p = f->name; *p != '\0'; p++) {
        if (*p >= 'A' && *p <= 'Z')
            *p = (char)(*p + ('a' - 'A'));
    }
    c->count++;
}

const struct vitals_camera *vitals_find(const struct vitals *v, const char *camera)
{
    for (size_t i = 0; i < VITALS_CAMERAS_MAX && camera[0] != '\0'; i++) {
        if (strcmp(v->cameras[i].camera, camera) == 0)
            return &v->cameras[i];
    }
    return NULL;
}
