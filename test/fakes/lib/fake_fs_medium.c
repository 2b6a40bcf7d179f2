/* What is on the medium, what a flush moves there, and what a cut leaves. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "test/fakes/lib/fake_fs_inside.h"

static void *grown(void *old, size_t count, size_t size)
{
    void *p = realloc(old, count * size);
    assert(p != NULL);
    return p;
}

int fake_fs_new_file(struct fake_fs *f, bool is_folder)
{
    f->files = grown(f->files, f->file_count + 1, sizeof *f->files);
    f->files[f->file_count] = (struct fake_fs_file){.is_folder = is_folder, .modified = f->now};
    return (int)f->file_count++;
}

void fake_fs_append(struct fake_fs_file *file, const void *data, size_t len)
{
    if (len > file->cap - file->seen_len) {
        file->cap = (file->seen_len + len) * 2;
        file->seen = grown(file->seen, file->cap, 1);
        file->kept = grown(file->kept, file->cap, 1);
    }
    if (len > 0)
        memcpy(file->seen + file->seen_len, data, len);
    file->seen_len += len;
}

static int find_in(const struct fake_fs_name *names, size_t count, const char *path)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(names[i].path, path) == 0)
            return (int)i;
    }
    return -1;
}

int fake_fs_find(const struct fake_fs *f, const char *path)
{
    int i = find_in(f->names, f->name_count, path);
    return i < 0 ? FAKE_FS_NO_FILE : f->names[i].file;
}

static void set_in(struct fake_fs_name **names, size_t *count, const char *path, int file)
{
    int i = find_in(*names, *count, path);
    if (file == FAKE_FS_NO_FILE) {
        if (i >= 0)
            (*names)[i] = (*names)[--*count];
        return;
    }
    if (i < 0) {
        *names = grown(*names, *count + 1, sizeof **names);
        i = (int)(*count)++;
    }
    strcpy((*names)[i].path, path);
    (*names)[i].file = file;
}

void fake_fs_set_name(struct fake_fs *f, const char *path, int file)
{
    set_in(&f->names, &f->name_count, path, file);
    f->changes = grown(f->changes, f->change_count + 1, sizeof *f->changes);
    struct fake_fs_change *c = &f->changes[f->change_count++];
    strcpy(c->path, path);
    c->file = file;
}

void fake_fs_parent(const char *path, char out[FS_PATH_MAX])
{
    const char *slash = strrchr(path, '/');
    if (slash == NULL) {
        strcpy(out, ".");
        return;
    }
    memcpy(out, path, (size_t)(slash - path));
    out[slash - path] = '\0';
}

void fake_fs_keep_file(struct fake_fs_file *file)
{
    if (file->seen_len > file->kept_len)
        memcpy(file->kept + file->kept_len, file->seen + file->kept_len,
               file->seen_len - file->kept_len);
    file->kept_len = file->seen_len;
    memcpy(file->kept_tag, file->seen_tag, file->seen_tag_len);
    file->kept_tag_len = file->seen_tag_len;
}

void fake_fs_drop_file(struct fake_fs_file *file)
{
    if (file->seen_len > file->kept_len)
        memset(file->kept + file->kept_len, 0, file->seen_len - file->kept_len);
    file->kept_len = file->seen_len;
}

void fake_fs_keep_names(struct fake_fs *f, const char *folder)
{
    size_t left = 0;
    for (size_t i = 0; i < f->change_count; i++) {
        char parent[FS_PATH_MAX];
        fake_fs_parent(f->changes[i].path, parent);
        if (folder == NULL || strcmp(parent, folder) == 0)
            set_in(&f->durable, &f->durable_count, f->changes[i].path, f->changes[i].file);
        else
            f->changes[left++] = f->changes[i];
    }
    f->change_count = left;
}

/* The bytes and the tag of one file after a cut; what is there is then the whole truth. */
static void lose_bytes(struct fake_fs_file *file, enum fake_fs_loss loss)
{
    size_t dirty = file->seen_len - file->kept_len;
    switch (loss) {
    case FAKE_FS_KEEP_ALL:
    case FAKE_FS_LOSE_NAMES:
    case FAKE_FS_LOSE_TAGS: fake_fs_keep_file(file); break;
    case FAKE_FS_TORN:
        file->seen_len = file->kept_len + dirty / 2;
        fake_fs_keep_file(file);
        break;
    case FAKE_FS_ZEROED: fake_fs_drop_file(file); break;
    case FAKE_FS_LOSE_ALL:
    case FAKE_FS_LOSE_BYTES:
    case FAKE_FS_LOSSES: break;
    }
    if (file->kept_len > 0)
        memcpy(file->seen, file->kept, file->kept_len);
    file->seen_len = file->kept_len;
}

static void lose_tag(struct fake_fs_file *file, bool keep)
{
    if (keep) {
        memcpy(file->kept_tag, file->seen_tag, file->seen_tag_len);
        file->kept_tag_len = file->seen_tag_len;
    }
    memcpy(file->seen_tag, file->kept_tag, file->kept_tag_len);
    file->seen_tag_len = file->kept_tag_len;
}

/* A file whose folder did not survive is not there either. */
static void drop_orphans(struct fake_fs *f)
{
    for (size_t i = 0; i < f->durable_count;) {
        char parent[FS_PATH_MAX];
        fake_fs_parent(f->durable[i].path, parent);
        if (strcmp(parent, ".") == 0 || find_in(f->durable, f->durable_count, parent) >= 0) {
            i++;
        } else {
            f->durable[i] = f->durable[--f->durable_count];
            i = 0;
        }
    }
}

static void come_back(struct fake_fs *f)
{
    drop_orphans(f);
    f->change_count = f->name_count = f->handle_count = 0;
    for (size_t i = 0; i < f->durable_count; i++)
        set_in(&f->names, &f->name_count, f->durable[i].path, f->durable[i].file);
    f->off = f->cut_jumps = false;
    f->cut_at = f->calls = f->fail_in = 0;
    memset(f->calls_of, 0, sizeof f->calls_of);
    f->room_bytes = UINT64_MAX;
    f->before = NULL;
}

void fake_fs_reboot(struct fake_fs *f, enum fake_fs_loss loss)
{
    bool tags = loss == FAKE_FS_KEEP_ALL || loss == FAKE_FS_LOSE_NAMES || loss == FAKE_FS_TORN ||
                loss == FAKE_FS_ZEROED;
    for (size_t i = 0; i < f->file_count; i++) {
        lose_tag(&f->files[i], tags);
        lose_bytes(&f->files[i], loss);
        lose_tag(&f->files[i], false);
    }
    if (loss != FAKE_FS_LOSE_ALL && loss != FAKE_FS_LOSE_NAMES)
        fake_fs_keep_names(f, NULL);
    come_back(f);
}

static uint32_t roll(uint32_t *dice)
{
    *dice ^= *dice << 13;
    *dice ^= *dice >> 17;
    *dice ^= *dice << 5;
    return *dice >> 8;
}

void fake_fs_reboot_random(struct fake_fs *f, uint32_t seed)
{
    static const enum fake_fs_loss fates[] = {FAKE_FS_KEEP_ALL, FAKE_FS_LOSE_BYTES, FAKE_FS_TORN,
                                              FAKE_FS_ZEROED};
    uint32_t dice = seed * 2654435761U + 1;
    for (size_t i = 0; i < f->file_count; i++) {
        lose_tag(&f->files[i], roll(&dice) % 2 == 0);
        lose_bytes(&f->files[i], fates[roll(&dice) % 4]);
    }
    for (size_t i = 0; i < f->change_count; i++) {
        if (roll(&dice) % 2 == 0)
            set_in(&f->durable, &f->durable_count, f->changes[i].path, f->changes[i].file);
    }
    come_back(f);
}

void fake_fs_put(struct fake_fs *f, const char *path, const void *data, size_t len)
{
    pthread_mutex_lock(&f->lock);
    char folder[FS_PATH_MAX];
    for (const char *slash = strchr(path, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        memcpy(folder, path, (size_t)(slash - path));
        folder[slash - path] = '\0';
        if (fake_fs_find(f, folder) == FAKE_FS_NO_FILE)
            fake_fs_set_name(f, folder, fake_fs_new_file(f, true));
        set_in(&f->durable, &f->durable_count, folder, fake_fs_find(f, folder));
    }
    int file = fake_fs_new_file(f, false);
    fake_fs_append(&f->files[file], data, len);
    fake_fs_keep_file(&f->files[file]);
    fake_fs_set_name(f, path, file);
    set_in(&f->durable, &f->durable_count, path, file);
    pthread_mutex_unlock(&f->lock);
}

void fake_fs_damage(struct fake_fs *f, const char *path, size_t offset)
{
    int file = fake_fs_find(f, path);
    assert(file != FAKE_FS_NO_FILE && offset < f->files[file].seen_len);
    f->files[file].seen[offset] ^= 1;
    if (offset < f->files[file].kept_len)
        f->files[file].kept[offset] ^= 1;
}

bool fake_fs_has(const struct fake_fs *f, const char *path)
{
    return fake_fs_find(f, path) != FAKE_FS_NO_FILE;
}

const uint8_t *fake_fs_bytes(const struct fake_fs *f, const char *path, size_t *out_len)
{
    static const uint8_t nothing;
    int file = fake_fs_find(f, path);
    if (file == FAKE_FS_NO_FILE || f->files[file].is_folder)
        return NULL;
    *out_len = f->files[file].seen_len;
    return f->files[file].seen != NULL ? f->files[file].seen : &nothing;
}

bool fake_fs_holds(const struct fake_fs *f, const char *path, const void *data, size_t len)
{
    size_t have = 0;
    const uint8_t *bytes = fake_fs_bytes(f, path, &have);
    return bytes != NULL && have == len && memcmp(bytes, data, len) == 0;
}

size_t fake_fs_count(const struct fake_fs *f, const char *folder)
{
    size_t count = 0;
    for (size_t i = 0; i < f->name_count; i++) {
        char parent[FS_PATH_MAX];
        fake_fs_parent(f->names[i].path, parent);
        if (strcmp(parent, folder) == 0 && !f->files[f->names[i].file].is_folder)
            count++;
    }
    return count;
}

size_t fake_fs_open_count(const struct fake_fs *f)
{
    size_t count = 0;
    for (size_t i = 0; i < f->handle_count; i++)
        count += f->handles[i].open;
    return count;
}
