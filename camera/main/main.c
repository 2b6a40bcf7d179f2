/* camera/main/main.c - the firmware on the chip: introduces the board to the app and lets it run.
 */
#include "board_config.h"
#include "camera/main/app.h"
#include "camera/main/defaults.h"

void app_main(void);

void app_main(void)
{
    static struct app s_app;
    static struct settings s_standard;
    const struct board board = CAMERA_BOARD;
    defaults_fill(&s_standard);
    app_start(&s_app, &board, &s_standard);
    app_run(&s_app);
}
