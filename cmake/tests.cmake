# SPDX-License-Identifier: Apache-2.0
# One GoogleTest program per room: tests/<room> of the build folder, from the *_test.cc beside the code.
find_package(GTest REQUIRED)
include(GoogleTest)
get_property(rooms GLOBAL PROPERTY TACHO_ROOMS)
foreach(room IN LISTS rooms)
  get_property(tests GLOBAL PROPERTY TACHO_ROOM_TESTS_${room})
  if(tests)
    add_executable(test_${room} ${tests})
    target_link_libraries(test_${room} PRIVATE room_${room} GTest::gtest GTest::gtest_main
                                               Threads::Threads)
    target_compile_definitions(test_${room} PRIVATE
      TACHO_FIXTURES="${CMAKE_SOURCE_DIR}/tests/fixtures")
    add_test(NAME ${room} COMMAND test_${room})
  endif()
endforeach()
