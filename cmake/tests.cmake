# SPDX-License-Identifier: Apache-2.0
# Labels: `unit` (one GoogleTest program per room, from the *_test.cc beside the code), `structure`
# (rooms and ratchet), `e2e` (the built programs, driven from outside), `system` (needs root or is
# rough; `make test` leaves it out).
find_package(GTest REQUIRED)
include(GoogleTest)
add_custom_target(unit_tests)
get_property(rooms GLOBAL PROPERTY TACHO_ROOMS)
foreach(room IN LISTS rooms)
  get_property(tests GLOBAL PROPERTY TACHO_ROOM_TESTS_${room})
  if(tests)
    add_executable(test_${room} ${tests})
    target_link_libraries(test_${room} PRIVATE room_${room} GTest::gtest GTest::gtest_main
                                               Threads::Threads)
    # The room that is tested is compiled as it is shipped; what tests it need not be fast.
    target_compile_options(test_${room} PRIVATE -O0 -g1)
    target_compile_definitions(test_${room} PRIVATE
      TACHO_FIXTURES="${CMAKE_SOURCE_DIR}/tests/fixtures")
    add_test(NAME ${room} COMMAND test_${room})
    # A hang is a failure: the slowest room takes seconds, under the sanitizers a minute.
    set_tests_properties(${room} PROPERTIES LABELS unit TIMEOUT 600)
    add_dependencies(unit_tests test_${room})
  endif()
endforeach()
if(TARGET tacho-bpf)  # the room ledger loads it
  add_dependencies(test_ledger tacho-bpf)
endif()

find_package(Python3 REQUIRED COMPONENTS Interpreter)
foreach(check rooms ratchet)
  add_test(NAME ${check} COMMAND ${Python3_EXECUTABLE} ${CMAKE_SOURCE_DIR}/tests/${check}.py)
  set_tests_properties(${check} PROPERTIES LABELS structure)
endforeach()

# What lets the n-th call of the recorder fail, and a short recording to do it to
# (tests/e2e/test_faults.py).
add_library(tacho_faults MODULE ${CMAKE_SOURCE_DIR}/tests/faults/faults.cc)
target_link_libraries(tacho_faults PRIVATE ${CMAKE_DL_LIBS})
set_target_properties(tacho_faults PROPERTIES LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR})
add_executable(tacho_three_ticks ${CMAKE_SOURCE_DIR}/tests/faults/three_ticks.cc)
target_link_libraries(tacho_three_ticks PRIVATE room_recorder Threads::Threads)

# The tests that drive the programs use the environment that scripts/setup --tests made.
set(pytest ${TACHO_DEPS}/venv/bin/python3 -m pytest -p no:cacheprovider -rs)
set(e2e_environment "TACHO=$<TARGET_FILE:tacho>;PYTHONDONTWRITEBYTECODE=1")
file(GLOB e2e_files CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/e2e/test_*.py)
set(e2e_without_rights ${e2e_files})
list(FILTER e2e_without_rights EXCLUDE REGEX "_system\\.py$")  # all of these need root
foreach(file IN LISTS e2e_without_rights)
  get_filename_component(name ${file} NAME_WE)
  string(REPLACE test_ e2e_ name ${name})
  add_test(NAME ${name} COMMAND ${pytest} -m "not system" ${file})
  set_tests_properties(${name} PROPERTIES LABELS e2e TIMEOUT 600 ENVIRONMENT "${e2e_environment}")
endforeach()
if(e2e_files)
  # -v: what is skipped is named with its reason.
  add_test(NAME e2e_system COMMAND ${pytest} -v -m system ${CMAKE_SOURCE_DIR}/tests/e2e)
  set_tests_properties(e2e_system PROPERTIES LABELS system TIMEOUT 900
                                             ENVIRONMENT "${e2e_environment}")
endif()

# Other programs reading our recordings.
file(GLOB python_files CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/python/test_*.py)
foreach(file IN LISTS python_files)
  get_filename_component(name ${file} NAME_WE)
  string(REPLACE test_ python_ name ${name})
  add_test(NAME ${name} COMMAND ${pytest} ${file})
  set_tests_properties(${name} PROPERTIES LABELS e2e TIMEOUT 600 ENVIRONMENT "PYTHONDONTWRITEBYTECODE=1")
endforeach()
