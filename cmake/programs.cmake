# SPDX-License-Identifier: Apache-2.0
# The two programs. `tacho` records and is small; `tacho-reader` links Arrow and Parquet and is
# started by `tacho` for every command that reads or seals.
set(TACHO_LIBEXEC ${CMAKE_INSTALL_LIBEXECDIR}/tacho)
file(GLOB tacho_commands CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/apps/tacho/*.cc)
add_executable(tacho ${tacho_commands})
target_link_libraries(tacho PRIVATE room_recorder Threads::Threads)

file(GLOB reader_commands CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/apps/reader/*.cc)
add_executable(tacho-reader ${reader_commands})
target_link_libraries(tacho-reader PRIVATE room_views Threads::Threads)
set_target_properties(tacho-reader PROPERTIES INSTALL_RPATH "$ORIGIN/lib")

install(TARGETS tacho RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(TARGETS tacho-reader RUNTIME DESTINATION ${TACHO_LIBEXEC})
if(TACHO_ARROW_BUNDLED)
  install(FILES ${arrow_library} ${parquet_library} DESTINATION ${TACHO_LIBEXEC}/lib)
endif()
install(FILES ${CMAKE_SOURCE_DIR}/docs/tacho.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
