// SPDX-License-Identifier: Apache-2.0
// The commands that read or seal, one file each.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"

namespace tacho {

// conventions: 0 nothing found, 1 a finding, 2 wrong usage, 3 what is to be read cannot be.
inline constexpr int kFound = 1;
inline constexpr int kUsageError = 2;
inline constexpr int kUnreadable = 3;

// Each parses its own arguments (argv[0] is the command's name) and returns the exit status.
int command_export(int argc, char** argv);
int command_list(int argc, char** argv);
int command_pack(int argc, char** argv);
int command_ps(int argc, char** argv);
int command_report(int argc, char** argv);
int command_seal(int argc, char** argv);
int command_show(int argc, char** argv);
int command_snapshot(int argc, char** argv);
int command_unpack(int argc, char** argv);
int command_verify(int argc, char** argv);

// "1 row", "2 rows".
std::string counted(std::uint64_t count, std::string_view noun);

// "tacho show: TEXT" and where help is; the exit status.
int tell_usage(std::string_view command, const Error& error);
// "tacho show: TEXT", which may have further lines; the exit status.
int tell_error(std::string_view command, const Error& error);

}  // namespace tacho
