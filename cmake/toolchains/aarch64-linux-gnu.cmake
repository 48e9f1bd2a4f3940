# SPDX-License-Identifier: Apache-2.0
# For aarch64, with Debian's compiler and what `scripts/setup --cross aarch64` unpacked:
#   cmake -G Ninja -S . -B build-aarch64 -DTACHO_TESTS=OFF \
#     -DCMAKE_TOOLCHAIN_FILE=cmake/toolchains/aarch64-linux-gnu.cmake
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
set(CMAKE_CXX_COMPILER aarch64-linux-gnu-g++)
set(CMAKE_CROSSCOMPILING_EMULATOR qemu-aarch64 -L /usr/aarch64-linux-gnu)

set(cross_folder ${CMAKE_CURRENT_LIST_DIR}/../../.deps/aarch64)
get_filename_component(cross_folder ${cross_folder} REALPATH)
# The C library comes with the compiler, all else is in the folder.
set(CMAKE_FIND_ROOT_PATH ${cross_folder}/root /usr/aarch64-linux-gnu)
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
# find_library looks there only when it knows the name.
set(CMAKE_LIBRARY_ARCHITECTURE aarch64-linux-gnu)
set(TACHO_PYARROW ${cross_folder}/pyarrow CACHE PATH "pyarrow's folder")
