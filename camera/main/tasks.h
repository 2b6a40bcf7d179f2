/* camera/main/tasks.h - the three tasks of the firmware; see app.h. */
#pragma once

#include "camera/main/app.h"

void tasks_capture(void *arg); /* struct app * each */
void tasks_courier(void *arg);
void tasks_network(void *arg);
