// SPDX-License-Identifier: Apache-2.0
// /proc/self/mountinfo: what is mounted where.
// Line  27 1 254:0 / /mnt/a\040b rw,relatime shared:1 - ext4 /dev/vda rw,discard
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "kernel/fields.h"

namespace tacho {

// A line's parts, as views of it; paths still have the kernel's escapes (\040 for a blank).
struct MountLine {
  std::int64_t major = 0, minor = 0;
  std::string_view root;     // what of the file system is mounted
  std::string_view point;    // where
  std::string_view options;  // of the mount: "rw,relatime"
  std::string_view type;     // "ext4"
  std::string_view source;   // "/dev/vda"
  std::string_view super_options;
};

// False when the line is none.
bool parse_mount_line(std::string_view line, MountLine& into);
// Appends the text without the kernel's octal escapes.
void append_mount_text(std::string& out, std::string_view escaped);
// True when a list such as "rw,cpu,cpuacct" has the word.
bool has_option(std::string_view options, std::string_view word);

}  // namespace tacho
