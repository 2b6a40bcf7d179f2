# The audio streamer's core, vaudio, and its ports for a Linux host. audio/CMakeLists.txt beside this
# file belongs to ESP-IDF: there audio/ is a project of its own.
find_package(Python3 REQUIRED COMPONENTS Interpreter)

camrelay_room(audio_logic audio/logic wire pace base)

file(GLOB audio_host_ports CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/audio/port/host_*.c
     ${CMAKE_SOURCE_DIR}/audio/port/*_sockets.c)
pkg_check_modules(ALSA IMPORTED_TARGET alsa)
add_library(audio_host STATIC ${audio_host_ports})
target_link_libraries(audio_host PUBLIC audio_logic wire pace base camrelay_linux Threads::Threads m)
if(ALSA_FOUND)
  target_link_libraries(audio_host PUBLIC PkgConfig::ALSA)
  target_compile_definitions(audio_host PUBLIC VAUDIO_ALSA)
endif()

# The page becomes part of the program.
set(audio_ui index.html page.css page.js player.js favicon.svg bluetooth.html bluetooth.js)
list(TRANSFORM audio_ui PREPEND ${CMAKE_SOURCE_DIR}/audio/ui/)
set(audio_ui_header ${CMAKE_BINARY_DIR}/generated/audio_ui.h)
add_custom_command(OUTPUT ${audio_ui_header}
  COMMAND Python3::Interpreter ${CMAKE_SOURCE_DIR}/tools/embed ${audio_ui_header} ${audio_ui}
  DEPENDS ${CMAKE_SOURCE_DIR}/tools/embed ${audio_ui} VERBATIM)

file(GLOB vaudio_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/audio/main/vaudio*.c)
add_executable(vaudio ${vaudio_sources} ${audio_ui_header})
target_link_libraries(vaudio PRIVATE audio_host)
set_target_properties(vaudio PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
install(TARGETS vaudio)
install(FILES ${CMAKE_SOURCE_DIR}/audio/pack/vaudio.1 DESTINATION share/man/man1)

# The Bluetooth page as one file, for wherever https:// or localhost can show it.
set(audio_bluetooth_page ${CMAKE_BINARY_DIR}/share/audio-bluetooth.html)
add_custom_command(OUTPUT ${audio_bluetooth_page}
  COMMAND Python3::Interpreter ${CMAKE_SOURCE_DIR}/tools/one_page
    ${CMAKE_SOURCE_DIR}/audio/ui/bluetooth.html ${audio_bluetooth_page}
  DEPENDS ${CMAKE_SOURCE_DIR}/tools/one_page ${audio_ui} VERBATIM)
add_custom_target(audio_bluetooth_page ALL DEPENDS ${audio_bluetooth_page})
install(FILES ${audio_bluetooth_page} DESTINATION share/camrelay)
