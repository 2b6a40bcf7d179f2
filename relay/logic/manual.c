#include "relay/logic/manual.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "relay/logic/config_table.h"
#include "relay/logic/config_value.h"

enum { COLUMNS = 80, HELP_INDENT = 8 };

/* `text` word by word, each line behind `lead`, none longer than COLUMNS if its words allow it. */
static void wrap(struct buf *out, const char *lead, const char *text)
{
    size_t lead_len = strlen(lead), column = 0;
    struct slice rest = slice_of(text);
    while (rest.len > 0) {
        struct slice word = slice_cut(rest, ' ', &rest);
        if (column > 0 && column + 1 + word.len > COLUMNS) {
            buf_add_char(out, '\n');
            column = 0;
        }
        if (column == 0) {
            buf_add_text(out, lead);
            column = lead_len;
        } else {
            buf_add_char(out, ' ');
            column++;
        }
        buf_add_slice(out, word);
        column += word.len;
    }
    buf_add_char(out, '\n');
}

static const char *kind_word(const struct config_key *row)
{
    switch (row->kind) {
    case CONFIG_KIND_NUMBER: return "NUMBER";
    case CONFIG_KIND_SIZE: return "SIZE";
    case CONFIG_KIND_DURATION: return "TIME";
    case CONFIG_KIND_FLAG: return "yes|no";
    case CONFIG_KIND_TEXT: return "TEXT";
    case CONFIG_KIND_ADDRESS: return "ADDRESS";
    case CONFIG_KIND_URL: return "URL";
    case CONFIG_KIND_SECRET: return "SECRET";
    case CONFIG_KIND_LIST: return (row->flags & CONFIG_FLAG_SECRET) != 0 ? "SECRET" : "[NAME=]URL";
    case CONFIG_KIND_CHOICE: return row->words;
    }
    return "";
}

static void add_dashed(struct buf *out, const char *name)
{
    for (; *name != '\0'; name++)
        buf_add_char(out, *name == '_' ? '-' : *name);
}

static void add_default(struct buf *out, const struct config_key *row)
{
    if (row->fallback[0] != '\0')
        buf_add_format(out, "  (%s)", row->fallback);
}

static void help_row(struct buf *out, const struct config_key *row)
{
    buf_add_text(out, "    --");
    add_dashed(out, row->name);
    buf_add_format(out, row->kind == CONFIG_KIND_FLAG ? "[=%s]" : " %s", kind_word(row));
    add_default(out, row);
    buf_add_char(out, '\n');
    wrap(out, "        ", row->help);
}

void manual_help(struct buf *out)
{
    buf_add_text(out,
                 "usage: camrelayd [--config FILE] [--KEY VALUE ...]\n"
                 "\n"
                 "Receives photos over HTTP, keeps them, and forwards them. Without any option it\n"
                 "listens on port 5000 and keeps photos in ./esp32_photos.\n"
                 "\n"
                 "    -c, --config FILE   read settings from FILE (or from CAMRELAY_CONFIG)\n"
                 "    --check-config      say whether the settings are good, and end\n"
                 "    --print-config      print the settings in force, and end\n"
                 "    -h, --help          print this\n"
                 "    -V, --version       print the version\n"
                 "\n"
                 "Every setting below can stand in FILE as key = value (with _ for -), in the\n"
                 "environment as CAMRELAY_KEY, and on the command line, which wins. Defaults are\n"
                 "in brackets. SIZE takes K, M, G; TIME is seconds, or takes ms, s, m, h, d.\n");
    size_t count;
    const struct config_key *rows = config_table(&count);
    for (size_t i = 0; i < count; i++) {
        const char *heading = config_table_heading(i);
        if (heading != NULL)
            buf_add_format(out, "\n%s\n", heading);
        help_row(out, &rows[i]);
    }
}

static void print_row(const void *base, const struct config_key *row, struct buf *out)
{
    char memory[CONFIG_PATH_MAX];
    struct buf value;
    buf_init(&value, memory, sizeof memory);
    config_value_print(base, row, &value);
    bool hidden = (row->flags & CONFIG_FLAG_SECRET) != 0 && value.len > 0;
    buf_add_format(out, "%s%s = %s\n", hidden ? "# " : "", row->name, buf_text(&value));
}

static void print_rows(const void *base, const struct config_key *rows, size_t count,
                       struct buf *out)
{
    for (size_t i = 0; i < count; i++) {
        if (rows[i].kind != CONFIG_KIND_LIST)
            print_row(base, &rows[i], out);
    }
}

/* What stands behind the path may be a token. */
static void print_audio(const struct config_audio *a, struct buf *out)
{
    struct slice query, url = slice_cut(slice_of(a->url), '?', &query);
    buf_add_format(out, "%saudio = %s=", query.len > 0 ? "# " : "", a->name);
    buf_add_slice(out, url);
    buf_add_text(out, query.len > 0 ? "?(set)\n" : "\n");
}

void manual_print(const struct config *c, struct buf *out)
{
    size_t count;
    const struct config_key *rows = config_table(&count);
    buf_add_text(out, "[camrelayd]\n");
    print_rows(c, rows, count, out);
    for (size_t i = 0; i < c->upload_token_count; i++)
        buf_add_text(out, "# upload_token = (set)\n");
    for (size_t i = 0; i < c->audio_count; i++)
        print_audio(&c->audio[i], out);
    rows = config_table_destination(&count);
    for (size_t i = 0; i < c->destination_count; i++) {
        buf_add_format(out, "\n[destination %s]\n", c->destinations[i].name);
        print_rows(&c->destinations[i], rows, count, out);
    }
}

static void example_row(struct buf *out, const struct config_key *row)
{
    buf_add_char(out, '\n');
    wrap(out, "# ", row->help);
    if ((row->flags & CONFIG_FLAG_RELOAD) == 0)
        buf_add_text(out, "# (changes at the next start)\n");
    buf_add_format(out, "#%s =%s%s\n", row->name, row->fallback[0] == '\0' ? "" : " ",
                   row->fallback);
}

void manual_example(struct buf *out)
{
    buf_add_text(out, "# camrelayd.conf - settings of camrelayd. Every line is at its default and "
                      "commented out;\n"
                      "# camrelayd.conf(5) says more. `camrelayd --config FILE --check-config` "
                      "judges this file,\n"
                      "# and a reload (SIGHUP) takes over what may change while running.\n"
                      "\n"
                      "[camrelayd]\n");
    size_t count;
    const struct config_key *rows = config_table(&count);
    for (size_t i = 0; i < count; i++) {
        const char *heading = config_table_heading(i);
        if (heading != NULL)
            buf_add_format(out, "\n# --- %s ---\n", heading);
        example_row(out, &rows[i]);
        if (i == CONFIG_ID_remote)
            buf_add_text(
                out,
                "#\n# The server rpi_server.py sent everything to. It belongs to somebody: take "
                "the # away only\n# if your photos are meant to go there.\n"
                "#remote = http://118.42.62.78:6000/upload\n");
    }
    buf_add_text(out, "\n# --- A destination with more to say about it than its URL ---\n"
                      "#\n#[destination archive]\n");
    rows = config_table_destination(&count);
    for (size_t i = 0; i < count; i++) {
        wrap(out, "# ", rows[i].help);
        buf_add_format(out, "#%s =\n", rows[i].name);
    }
}

/* Text that roff takes for text. */
static void add_roff(struct buf *out, const char *text)
{
    if (*text == '.' || *text == '\'')
        buf_add_text(out, "\\&");
    for (; *text != '\0'; text++) {
        if (*text == '\\')
            buf_add_text(out, "\\e");
        else if (*text == '-')
            buf_add_text(out, "\\-");
        else
            buf_add_char(out, *text);
    }
}

/* One sentence a line, as roff wants it. */
static void add_sentences(struct buf *out, const char *text)
{
    while (*text != '\0') {
        const char *end = strstr(text, ". ");
        size_t len = end == NULL ? strlen(text) : (size_t)(end - text) + 1;
        char sentence[512];
        assert(len < sizeof sentence); /* our own table */
        memcpy(sentence, text, len);
        sentence[len] = '\0';
        add_roff(out, sentence);
        buf_add_char(out, '\n');
        text += len + (text[len] == ' ');
    }
}

static void page_row(struct buf *out, const struct config_key *row)
{
    buf_add_format(out, ".It Ic %s Ns = Ns Ar ", row->name);
    add_roff(out, kind_word(row));
    buf_add_char(out, '\n');
    add_sentences(out, row->help);
    if (row->fallback[0] != '\0') {
        buf_add_text(out, "Default: ");
        add_roff(out, row->fallback);
        buf_add_text(out, ".\n");
    }
    if ((row->flags & CONFIG_FLAG_RELOAD) != 0)
        buf_add_text(out, "May change at a reload.\n");
}

void manual_page(struct buf *out)
{
    size_t count;
    const struct config_key *rows = config_table(&count);
    for (size_t i = 0; i < count; i++) {
        const char *heading = config_table_heading(i);
        if (heading != NULL)
            buf_add_format(out, "%s.Ss %s\n.Bl -tag -width Ds\n", i == 0 ? "" : ".El\n", heading);
        page_row(out, &rows[i]);
    }
    buf_add_text(out, ".El\n.Ss Keys of a destination\n.Bl -tag -width Ds\n");
    rows = config_table_destination(&count);
    for (size_t i = 0; i < count; i++)
        page_row(out, &rows[i]);
    buf_add_text(out, ".El\n");
}
