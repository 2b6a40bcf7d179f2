#include <stdarg.h>
#include <stdio.h>

#include "esp_log.h"
#include "lib/port/log.h"

enum { LINE_MAX_BYTES = 192 };

void log_line(enum log_level level, const char *format, ...)
{
    char line[LINE_MAX_BYTES];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    switch (level) {
    case LOG_LEVEL_ERROR: ESP_LOGE("camrelay", "%s", line); return;
    case LOG_LEVEL_WARN: ESP_LOGW("camrelay", "%s", line); return;
    case LOG_LEVEL_INFO: ESP_LOGI("camrelay", "%s", line); return;
    case LOG_LEVEL_DEBUG: ESP_LOGD("camrelay", "%s", line); return;
    }
}
