// CameraServerTest - takes photos and posts each to a relay until it has it (camrelay).
//
// Choose the board in board_config.h. Network and relay: copy secrets.example.h to secrets.h and fill
// it in, or leave it out and use the camera's own set-up network; its password is printed here.
#include <camrelay_camera.h>

#include "board_config.h"

#if __has_include("secrets.h")
#include "secrets.h"
static const camrelay_camera_defaults defaults = {ssid, password, rpiServerIP, rpiServerPort, rpiServerPath};
#else
static const camrelay_camera_defaults defaults = {nullptr, nullptr, nullptr, 5000, "/upload"};
#endif

static const board camera_board = CAMERA_BOARD;

// A new firmware stays only once it has delivered a photo; without this the core keeps any.
extern "C" bool verifyRollbackLater() { return true; }

void setup() {
  Serial.begin(115200);
  camrelay_camera_begin(&camera_board, &defaults);
}

void loop() { delay(1000); }
