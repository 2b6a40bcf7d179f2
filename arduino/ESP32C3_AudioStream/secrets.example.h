// Copy to secrets.h and fill in.
static const char ssid[] = "";
static const char password[] = "";
static const char token[] = ""; // listeners must know it; "": everybody in reach may listen
