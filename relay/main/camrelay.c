/* relay/main/camrelay.c - the command line beside the daemon. */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "relay/main/cli.h"

static const struct {
    const char *name;
    int (*run)(char **argv);
} COMMANDS[] = {
    {"send", cli_send},
    {"status", cli_status},
    {"list", cli_list},
    {"pending", cli_pending},
    {"retry", cli_retry},
    {"export-sent", cli_export_sent},
    {"import-sent", cli_import_sent},
    {"verify", cli_verify},
    {"install-service", cli_install_service},
};

static const char HELP[] =
    "usage: camrelay COMMAND [OPTION ...]\n"
    "\n"
    "  send FILE|FOLDER|- ... --to URL   upload photos, again until they are acknowledged\n"
    "      --token TEXT   --camera NAME   --parallel N (4)   --tries N (8)\n"
    "      --tls-ca FILE  --tls-insecure\n"
    "  status                            how a relay is\n"
    "  list [--limit N]                  the newest photos (20)\n"
    "  pending [--dead] [--limit N]      what has not reached its destination yet\n"
    "  retry [NAME]                      send dead letters again: one, or all\n"
    "  export-sent [FILE]                write the names of forwarded photos, as sent_files.json\n"
    "  import-sent FILE                  take names from such a file as forwarded\n"
    "  verify [--dir FOLDER]             read every photo again and compare it with the database\n"
    "  install-service --user NAME       run the relay as a service over a folder of yours\n"
    "      --dir FOLDER   --port N   --remote URL   --destdir FOLDER\n"
    "\n"
    "These talk to the relay at --url (or CAMRELAY_URL; http://127.0.0.1:5000), with the\n"
    "password in CAMRELAY_PASSWORD. --dir FOLDER reads the database of that photo folder\n"
    "instead. --json prints what the relay said as it is. camrelay(1) says more.\n";

int main(int argc, char **argv)
{
    (void)signal(SIGPIPE, SIG_IGN); /* a write says so */
    const char *command = argc < 2 ? "--help" : argv[1];
    if (strcmp(command, "--help") == 0 || strcmp(command, "-h") == 0) {
        FILE *out = argc < 2 ? stderr : stdout;
        return fputs(HELP, out) >= 0 && argc >= 2 ? CLI_DONE : CLI_MISUSED;
    }
    if (strcmp(command, "--version") == 0 || strcmp(command, "-V") == 0)
        return puts("camrelay " CAMRELAY_VERSION) >= 0 ? CLI_DONE : CLI_NOT_DONE;
    for (size_t i = 0; i < sizeof COMMANDS / sizeof COMMANDS[0]; i++) {
        if (strcmp(command, COMMANDS[i].name) == 0)
            return COMMANDS[i].run(argv + 1);
    }
    cli_say("there is no command %.40s; camrelay --help lists them", command);
    return CLI_MISUSED;
}
