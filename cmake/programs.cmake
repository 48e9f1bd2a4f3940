# SPDX-License-Identifier: Apache-2.0
# The two programs. `tacho` records and is small; `tacho-reader` links Arrow and Parquet and is
# started by `tacho` for every command that reads or seals.
set(TACHO_LIBEXEC ${CMAKE_INSTALL_LIBEXECDIR}/tacho)
file(GLOB tacho_commands CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/apps/tacho/*.cc)
add_executable(tacho ${tacho_commands})
target_link_libraries(tacho PRIVATE room_recorder Threads::Threads)
# The recorder is resident while it records: what it uses of the C++ library, linked into it, is a
# third of the pages that the shared one takes, and it starts sooner. With fmt as a shared library
# that one comes along all the same.
include(CheckCXXSourceCompiles)
set(CMAKE_REQUIRED_LINK_OPTIONS -static-libstdc++ -static-libgcc)
check_cxx_source_compiles("#include <string>
int main(int count, char**) { return static_cast<int>(std::string(9, 'a').size()) - 9 * count; }"
                          TACHO_HAS_STATIC_LIBRARY)
unset(CMAKE_REQUIRED_LINK_OPTIONS)
if(TACHO_HAS_STATIC_LIBRARY AND NOT TACHO_FMT STREQUAL "fmt::fmt" AND NOT TACHO_SANITIZE)
  target_link_options(tacho PRIVATE -static-libstdc++ -static-libgcc)
endif()

file(GLOB reader_commands CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/apps/reader/*.cc)
add_executable(tacho-reader ${reader_commands})
target_link_libraries(tacho-reader PRIVATE room_views Threads::Threads)
set_target_properties(tacho-reader PROPERTIES INSTALL_RPATH "$ORIGIN/lib")

install(TARGETS tacho RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(TARGETS tacho-reader RUNTIME DESTINATION ${TACHO_LIBEXEC})
if(TACHO_ARROW_BUNDLED)
  install(FILES ${arrow_library} ${parquet_library} DESTINATION ${TACHO_LIBEXEC}/lib)
endif()
# Names that tacho is known by besides its own; the program looks at which one it was called by.
set(TACHO_LINKS system_tracer)
foreach(link IN LISTS TACHO_LINKS)
  add_custom_command(TARGET tacho POST_BUILD
    COMMAND ${CMAKE_COMMAND} -E create_symlink tacho ${CMAKE_RUNTIME_OUTPUT_DIRECTORY}/${link})
  install(FILES ${CMAKE_RUNTIME_OUTPUT_DIRECTORY}/${link} DESTINATION ${CMAKE_INSTALL_BINDIR})
endforeach()
install(FILES ${CMAKE_SOURCE_DIR}/docs/tacho.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
