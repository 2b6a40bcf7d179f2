#include "relay/logic/answer.h"

#include <string.h>

#include "lib/base/hex.h"
#include "lib/wire/json_out.h"
#include "lib/wire/timestamp.h"

void answer_write(struct buf *out, const struct photo *p, const char *folder, bool duplicate,
                  struct wall now)
{
    char memory[4096 + PHOTO_NAME_MAX + 1];
    struct buf path;
    buf_init(&path, memory, sizeof memory);
    buf_add_text(&path, folder);
    if (path.len > 0 && path.ptr[path.len - 1] != '/')
        buf_add_char(&path, '/');
    buf_add_text(&path, p->name);
    char sha256[65];
    hex_encode(p->sha256, sizeof p->sha256, sha256);
    char time[TIMESTAMP_TEXT_MAX];
    timestamp_format(now, false, time);

    struct json_out j;
    json_out_init(&j, out);
    json_out_object(&j);
    json_out_put_bool(&j, "success", true);
    json_out_put_text(&j, "filename", p->name);
    json_out_put_uint(&j, "size", p->size_bytes);
    json_out_put_slice(&j, "path", buf_slice(&path));
    json_out_put_text(&j, "sha256", sha256);
    json_out_put_bool(&j, "duplicate", duplicate);
    json_out_put_text(&j, "server_time", time);
    json_out_object_end(&j);
    buf_add_char(out, '\n');
}
