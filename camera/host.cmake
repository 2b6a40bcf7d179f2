# The camera's logic, the virtual camera and their ports for a Linux host. camera/CMakeLists.txt
# beside this file belongs to ESP-IDF: there camera/ is a project of its own.
camrelay_room(camera_logic camera/logic wire pace base)

file(GLOB camera_host_ports CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/camera/port/host_*.c
     ${CMAKE_SOURCE_DIR}/camera/port/file_*.c ${CMAKE_SOURCE_DIR}/camera/port/*_sockets.c)
add_library(camera_host STATIC ${camera_host_ports})
target_link_libraries(camera_host PUBLIC camera_logic wire pace base camrelay_linux Threads::Threads)

file(GLOB vcam_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/camera/main/vcam*.c)
add_executable(vcam ${vcam_sources})
target_link_libraries(vcam PRIVATE camera_host)
set_target_properties(vcam PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
install(TARGETS vcam)
install(FILES ${CMAKE_SOURCE_DIR}/camera/pack/vcam.1 DESTINATION share/man/man1)
