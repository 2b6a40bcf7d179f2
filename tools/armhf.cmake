# Builds for 32-bit ARM (Debian armhf) and runs what was built under qemu-user.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR arm)
set(CMAKE_C_COMPILER arm-linux-gnueabihf-gcc)
set(root ${CMAKE_CURRENT_LIST_DIR}/../build/armhf-root)
set(ENV{PKG_CONFIG_LIBDIR} ${root}/pkgconfig)
set(CMAKE_CROSSCOMPILING_EMULATOR
  "qemu-arm;-L;/usr/arm-linux-gnueabihf;-E;LD_LIBRARY_PATH=${root}/usr/lib/arm-linux-gnueabihf")
