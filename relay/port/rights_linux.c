#include "relay/port/rights_linux.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/port/log.h"

bool rights_is_root(void)
{
    return geteuid() == 0;
}

static const struct passwd *find(const char *user)
{
    const struct passwd *p = getpwnam(user);
    if (p == NULL)
        log_line(LOG_LEVEL_ERROR, "there is no such user on this machine user=%s", user);
    return p;
}

enum err rights_make_folder(const char *folder, const char *user)
{
    const struct passwd *p = find(user);
    if (p == NULL)
        return ERR_INPUT;
    if (mkdir(folder, S_IRWXU | S_IRGRP | S_IXGRP) != 0) {
        if (errno == EEXIST)
            return ERR_OK;
        log_line(LOG_LEVEL_ERROR, "the folder cannot be made: %s dir=%s errno=%d", strerror(errno),
                 folder, errno);
        return ERR_IO;
    }
    if (chown(folder, p->pw_uid, p->pw_gid) != 0) {
        log_line(LOG_LEVEL_ERROR, "the folder cannot be given away dir=%s user=%s errno=%d", folder,
                 user, errno);
        return ERR_IO;
    }
    return ERR_OK;
}

enum err rights_become(const char *user)
{
    const struct passwd *p = find(user);
    if (p == NULL)
        return ERR_INPUT;
    bool done = initgroups(p->pw_name, p->pw_gid) == 0 &&
                setresgid(p->pw_gid, p->pw_gid, p->pw_gid) == 0 &&
                setresuid(p->pw_uid, p->pw_uid, p->pw_uid) == 0 &&
                prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
    if (!done || (p->pw_uid != 0 && setuid(0) == 0)) {
        log_line(LOG_LEVEL_ERROR, "rights could not be given up user=%s errno=%d", user, errno);
        return ERR_IO;
    }
    return ERR_OK;
}
