# SPDX-License-Identifier: Apache-2.0
# tacho-bpf: loads our BPF programs and hands them to the recorder. It needs clang, bpftool and libbpf
# to be built; without them it is left out, and the recorder takes the next source of processes.
find_program(TACHO_BPF_CLANG NAMES clang clang-22 clang-21 clang-20 clang-19 clang-18 clang-17
             clang-16 clang-15 clang-14)
find_program(TACHO_BPFTOOL bpftool HINTS /usr/sbin /sbin)
find_path(TACHO_BPF_INCLUDE bpf/libbpf.h)
foreach(name bpf elf z)
  # libelf may be linked against zstd: then only the shared one says so.
  find_library(TACHO_BPF_LIBRARY_${name} NAMES lib${name}.a ${name})
endforeach()

set(bpf_missing "")
foreach(thing CLANG:clang TOOL:bpftool INCLUDE:libbpf LIBRARY_bpf:libbpf LIBRARY_elf:libelf
        LIBRARY_z:zlib)
  string(REPLACE ":" ";" thing ${thing})
  list(GET thing 0 variable)
  list(GET thing 1 package)
  set(variable TACHO_BPF_${variable})
  if(variable STREQUAL TACHO_BPF_TOOL)
    set(variable TACHO_BPFTOOL)
  endif()
  if(NOT ${variable})
    list(APPEND bpf_missing ${package})
  endif()
endforeach()
list(REMOVE_DUPLICATES bpf_missing)

set(TACHO_HAS_BPF OFF)
if(bpf_missing)
  list(JOIN bpf_missing ", " bpf_missing)
  message(STATUS "tacho-bpf is left out: missing ${bpf_missing}")
  return()
endif()
set(TACHO_HAS_BPF ON)

# A whole program of the kernel's side and its skeleton: NAME.bpf.c -> NAME.skel.h.
set(bpf_folder ${CMAKE_SOURCE_DIR}/src/ledger/bpf)
file(GLOB bpf_headers CONFIGURE_DEPENDS ${bpf_folder}/*.h)
set(bpf_flags -target bpf -g -O2 -mcpu=v2 -Wall -Wextra -Wno-unused-parameter
              -fdebug-prefix-map=${CMAKE_SOURCE_DIR}/= -I${CMAKE_SOURCE_DIR}/src -I${TACHO_BPF_INCLUDE})
if(CMAKE_LIBRARY_ARCHITECTURE)  # where Debian keeps asm/types.h
  list(APPEND bpf_flags -idirafter /usr/include/${CMAKE_LIBRARY_ARCHITECTURE})
endif()
set(bpf_skeletons "")
foreach(name lives walk)
  set(object ${CMAKE_BINARY_DIR}/bpf/${name}.bpf.o)
  set(skeleton ${CMAKE_BINARY_DIR}/bpf/${name}.skel.h)
  add_custom_command(OUTPUT ${skeleton}
    COMMAND ${CMAKE_COMMAND} -E make_directory ${CMAKE_BINARY_DIR}/bpf
    COMMAND ${TACHO_BPF_CLANG} ${bpf_flags} -c ${bpf_folder}/${name}.bpf.c -o ${object}.whole
    # Leaves out the debugging information; the type information that CO-RE needs stays.
    COMMAND ${TACHO_BPFTOOL} gen object ${object} ${object}.whole
    COMMAND ${TACHO_BPFTOOL} gen skeleton ${object} name ${name}_bpf > ${skeleton}
    DEPENDS ${bpf_folder}/${name}.bpf.c ${bpf_headers}
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
if(TACHO_HAS_STATIC_LIBRARY AND TACHO_FMT STREQUAL "fmt::fmt-header-only" AND NOT TACHO_SANITIZE)
  target_link_options(tacho-bpf PRIVATE -static-libstdc++ -static-libgcc)
endif()
add_dependencies(tacho tacho-bpf)
install(TARGETS tacho-bpf RUNTIME DESTINATION ${TACHO_LIBEXEC})
