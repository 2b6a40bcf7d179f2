#include "relay/port/thumb_turbojpeg.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <turbojpeg.h>

enum { QUALITY = 75 };

struct picture {
    int width, height;
    unsigned char *rgb;
};

/* Small damage is only a warning, and most of a picture is better than none. */
static bool is_fatal(tjhandle handle, int rc)
{
    return rc != 0 && tjGetErrorCode(handle) != TJERR_WARNING;
}

static enum err decode(tjhandle handle, const unsigned char *jpeg, size_t len,
                       const struct thumb_plan *plan, struct picture *p)
{
    int width, height, subsampling, colours;
    int rc = tjDecompressHeader3(handle, jpeg, (unsigned long)len, &width, &height, &subsampling,
                                 &colours);
    if (is_fatal(handle, rc) || width < 1 || height < 1)
        return ERR_INPUT;
    if ((uint32_t)width != plan->width || (uint32_t)height != plan->height)
        return ERR_LIMIT; /* the plan's limits were judged on another size */
    tjscalingfactor scale = {(int)plan->eighths, 8};
    p->width = TJSCALED(width, scale);
    p->height = TJSCALED(height, scale);
    p->rgb = malloc((size_t)p->width * (size_t)p->height * 3);
    if (p->rgb == NULL)
        return ERR_FULL;
    rc = tjDecompress2(handle, jpeg, (unsigned long)len, p->rgb, p->width, 0, p->height, TJPF_RGB,
                       TJFLAG_FASTDCT | TJFLAG_LIMITSCANS);
    return is_fatal(handle, rc) ? ERR_INPUT : ERR_OK;
}

/* Exif counts the orientations so that the upper four swap rows and columns. */
static enum err turn(struct picture *p, unsigned orientation)
{
    bool swapped = orientation >= 5;
    bool from_right = orientation == 2 || orientation == 3 || orientation >= 7;
    bool from_below = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
    if (!swapped && !from_right && !from_below)
        return ERR_OK;
    struct picture q = {swapped ? p->height : p->width, swapped ? p->width : p->height, NULL};
    unsigned char *out = malloc((size_t)p->width * (size_t)p->height * 3);
    if (out == NULL)
        return ERR_FULL;
    q.rgb = out;
    for (int row = 0; row < q.height; row++) {
        for (int column = 0; column < q.width; column++, out += 3) {
            int x = swapped ? row : column;
            int y = swapped ? column : row;
            x = from_right ? p->width - 1 - x : x;
            y = from_below ? p->height - 1 - y : y;
            memcpy(out, p->rgb + ((size_t)y * (size_t)p->width + (size_t)x) * 3, 3);
        }
    }
    free(p->rgb);
    *p = q;
    return ERR_OK;
}

static enum err encode(const struct picture *p, void *out, size_t *out_len)
{
    tjhandle handle = tjInitCompress();
    if (handle == NULL)
        return ERR_FULL;
    unsigned char *jpeg = NULL; /* tjCompress2 allocates */
    unsigned long len = 0;
    int rc = tjCompress2(handle, p->rgb, p->width, 0, p->height, TJPF_RGB, &jpeg, &len, TJSAMP_420,
                         QUALITY, 0);
    enum err e = rc != 0 ? ERR_FULL : ERR_OK;
    if (e == ERR_OK && len > THUMB_BYTES_MAX)
        e = ERR_LIMIT;
    if (e == ERR_OK) {
        memcpy(out, jpeg, len);
        *out_len = len;
    }
    tjFree(jpeg);
    (void)tjDestroy(handle);
    return e;
}

enum err thumb_turbojpeg_make(const void *jpeg, size_t len, const struct thumb_plan *plan,
                              void *out, size_t *out_len)
{
    tjhandle handle = tjInitDecompress();
    if (handle == NULL)
        return ERR_FULL;
    struct picture p = {0};
    enum err e = decode(handle, jpeg, len, plan, &p);
    (void)tjDestroy(handle);
    if (e == ERR_OK)
        e = turn(&p, plan->orientation);
    if (e == ERR_OK)
        e = encode(&p, out, out_len);
    free(p.rgb);
    return e;
}
