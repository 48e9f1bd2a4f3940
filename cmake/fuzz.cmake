# SPDX-License-Identifier: Apache-2.0
# The fuzz targets of tests/fuzz: NAME_fuzz.cc and corpus/NAME/, found by pattern. With TACHO_FUZZ they
# are one program for libFuzzer that is started as fuzz_NAME; else one that replays the corpus, a unit
# test like the others.
file(GLOB fuzz_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/fuzz/*.cc)
list(FILTER fuzz_sources EXCLUDE REGEX "_main\\.cc$")
set(fuzz_main libfuzzer_main.cc)
set(fuzz_program tacho_fuzz)
if(NOT TACHO_FUZZ)
  set(fuzz_main replay_main.cc)
  set(fuzz_program fuzz_replay)
endif()
add_executable(${fuzz_program} EXCLUDE_FROM_ALL ${fuzz_sources}
                               ${CMAKE_SOURCE_DIR}/tests/fuzz/${fuzz_main})
target_include_directories(${fuzz_program} PRIVATE ${CMAKE_SOURCE_DIR}/tests/fuzz)
target_link_libraries(${fuzz_program} PRIVATE room_views room_recorder Threads::Threads)

if(TACHO_FUZZ)
  target_link_options(${fuzz_program} PRIVATE -fsanitize=fuzzer)
  add_custom_target(fuzz DEPENDS ${fuzz_program})
  list(FILTER fuzz_sources INCLUDE REGEX "_fuzz\\.cc$")
  foreach(source IN LISTS fuzz_sources)
    get_filename_component(name ${source} NAME_WE)
    string(REGEX REPLACE "^(.*)_fuzz$" "fuzz_\\1" name ${name})
    add_custom_command(TARGET fuzz POST_BUILD COMMAND ${CMAKE_COMMAND} -E create_symlink
      ${fuzz_program} ${CMAKE_RUNTIME_OUTPUT_DIRECTORY}/${name})
  endforeach()
else()
  target_compile_options(${fuzz_program} PRIVATE -O0 -g1)  # as the tests: see cmake/tests.cmake
  set_target_properties(${fuzz_program} PROPERTIES EXCLUDE_FROM_ALL FALSE)
  add_test(NAME fuzz_corpus COMMAND fuzz_replay ${CMAKE_SOURCE_DIR}/tests/fuzz/corpus)
  set_tests_properties(fuzz_corpus PROPERTIES LABELS unit TIMEOUT 600)
  add_dependencies(unit_tests fuzz_replay)
endif()
