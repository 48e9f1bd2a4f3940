# SPDX-License-Identifier: Apache-2.0
# tacho-bpf: loads our BPF programs and hands them to the recorder. It needs clang, bpftool and libbpf
# to be built; without them it is left out, and the recorder takes the next source of processes.
find_program(TACHO_BPF_CLANG NAMES clang clang-22 clang-21 clang-20 clang-19 clang-18 clang-17
             clang-16 clang-15 clang-14)
find_program(TACHO_BPF_TOOL bpftool HINTS /usr/sbin /sbin)
find_path(TACHO_BPF_INCLUDE bpf/libbpf.h)
foreach(name bpf elf z zstd)
  find_library(TACHO_BPF_LIBRARY_${name} NAMES lib${name}.a ${name})
endforeach()

set(bpf_missing "")
# Some clangs are built without the target, and a bpftool can be a script that finds no bpftool.
execute_process(COMMAND ${TACHO_BPF_CLANG} -target bpf -c -x c /dev/null -o /dev/null
                RESULT_VARIABLE bpf_clang_failed OUTPUT_QUIET ERROR_QUIET)
execute_process(COMMAND ${TACHO_BPF_TOOL} version
                RESULT_VARIABLE bpf_tool_failed OUTPUT_QUIET ERROR_QUIET)
if(NOT TACHO_BPF_CLANG OR bpf_clang_failed)
  list(APPEND bpf_missing clang)
endif()
if(NOT TACHO_BPF_TOOL OR bpf_tool_failed)
  list(APPEND bpf_missing bpftool)
endif()
if(NOT TACHO_BPF_INCLUDE OR NOT TACHO_BPF_LIBRARY_bpf)
  list(APPEND bpf_missing libbpf)
endif()
if(NOT TACHO_BPF_LIBRARY_elf OR NOT TACHO_BPF_LIBRARY_z)
  list(APPEND bpf_missing "libelf and zlib")
endif()
if(bpf_missing)
  list(JOIN bpf_missing ", " bpf_missing)
  message(STATUS "tacho-bpf is left out: missing ${bpf_missing}")
  return()
endif()

# A whole program of the kernel's side and its skeleton: NAME.bpf.c -> NAME.skel.h, and what is for
# kernels before 6.2 of the same source -> NAME_before_6_2.skel.h.
set(bpf_folder ${CMAKE_SOURCE_DIR}/src/ledger/bpf)
file(GLOB bpf_headers CONFIGURE_DEPENDS ${bpf_folder}/*.h)
set(bpf_flags -target bpf -g -O2 -Wall -Wextra -Wno-unused-parameter
              -fdebug-prefix-map=${CMAKE_SOURCE_DIR}/= -I${CMAKE_SOURCE_DIR}/src -I${TACHO_BPF_INCLUDE})
find_path(TACHO_BPF_ASM_INCLUDE asm/types.h)  # Debian keeps it apart for each processor
if(TACHO_BPF_ASM_INCLUDE)
  list(APPEND bpf_flags -idirafter ${TACHO_BPF_ASM_INCLUDE})
endif()
# What a processor's stores can be seen as by others: in their order, so that none has to be waited for.
set(bpf_stores "")
if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64)$")
  set(bpf_stores -DTACHO_STORES_STAY_IN_ORDER)
endif()
set(bpf_skeletons "")
foreach(name scope lives lives_before_6_2 walk)
  string(REPLACE _before_6_2 "" source ${name})
  set(variant -mcpu=v2)
  if(NOT name STREQUAL source)
    list(APPEND variant -DTACHO_BEFORE_6_2)
  elseif(name STREQUAL lives)
    set(variant -mcpu=v3 ${bpf_stores})  # swaps words in one step
  endif()
  set(object ${CMAKE_BINARY_DIR}/bpf/${name}.bpf.o)
  set(skeleton ${CMAKE_BINARY_DIR}/bpf/${name}.skel.h)
  add_custom_command(OUTPUT ${skeleton}
    COMMAND ${CMAKE_COMMAND} -E make_directory ${CMAKE_BINARY_DIR}/bpf
    COMMAND ${TACHO_BPF_CLANG} ${bpf_flags} ${variant} -c ${bpf_folder}/${source}.bpf.c -o ${object}.whole
    # Leaves out the debugging information; the type information that CO-RE needs stays.
    COMMAND ${TACHO_BPF_TOOL} gen object ${object} ${object}.whole
    COMMAND ${TACHO_BPF_TOOL} gen skeleton ${object} name ${name}_bpf > ${skeleton}
    DEPENDS ${bpf_folder}/${source}.bpf.c ${bpf_headers}
    COMMENT "Building BPF program ${name}" VERBATIM)
  list(APPEND bpf_skeletons ${skeleton})
endforeach()

file(GLOB bpf_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/apps/bpf/*.cc)
# Of the room ledger only what it speaks with the recorder by: it has rights, so it has little code.
add_executable(tacho-bpf ${bpf_sources} ${bpf_skeletons}
                         ${CMAKE_SOURCE_DIR}/src/ledger/bpf_objects.cc)
target_include_directories(tacho-bpf SYSTEM PRIVATE ${CMAKE_BINARY_DIR}/bpf ${TACHO_BPF_INCLUDE})
target_link_libraries(tacho-bpf PRIVATE room_base ${TACHO_BPF_LIBRARY_bpf}
                                        ${TACHO_BPF_LIBRARY_elf} ${TACHO_BPF_LIBRARY_z})
if(TACHO_BPF_LIBRARY_zstd)  # newer static libelf uses it
  target_link_libraries(tacho-bpf PRIVATE ${TACHO_BPF_LIBRARY_zstd})
endif()
if(TACHO_HAS_STATIC_LIBRARY AND NOT TACHO_FMT STREQUAL "fmt::fmt" AND NOT TACHO_SANITIZE)
  target_link_options(tacho-bpf PRIVATE -static-libstdc++ -static-libgcc)
endif()
add_dependencies(tacho tacho-bpf)
install(TARGETS tacho-bpf RUNTIME DESTINATION ${TACHO_LIBEXEC})
