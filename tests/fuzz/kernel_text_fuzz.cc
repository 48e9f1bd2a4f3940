// SPDX-License-Identifier: Apache-2.0
// The kernel's text, each parser by itself: collectors_fuzz.cc reads whole machines.
#include "collectors/process_files.h"
#include "fuzz.h"
#include "kernel/cgroup_mounts.h"
#include "kernel/fields.h"
#include "kernel/learned_names.h"
#include "kernel/mount_table.h"
#include "ledger/exec_details.h"

namespace tacho {
namespace {

void read_process(std::string_view text) {
  if (const auto stat = parse_process_stat(text))
    fuzz::expect(stat->command.size() <= text.size(), "a name is longer than the text");
  (void)parse_process_status(text);
  (void)parse_process_io(text);
  (void)parse_process_cgroup(text);
  (void)parse_open_files_limit(text);
  ExecDetails details;
  read_status(text, details);
}

void read_mounts(std::string_view text) {
  MountLine line;
  std::string point;
  for (Lines lines(text); lines.next();)
    if (parse_mount_line(lines.line(), line)) {
      append_mount_text(point, line.point);
      (void)has_option(line.options, "rw");
    }
  const std::string& folder = fuzz::memory_folder();
  fuzz::write_file(folder + "/proc/self/mountinfo", text);
  const auto root = Root::open(folder);
  fuzz::expect(static_cast<bool>(root), "no root");
  const CgroupMounts mounts = CgroupMounts::read(*root);
  (void)mounts.place_of(text, "memory");
  (void)mounts.place_of("0::/user.slice\n5:memory:/a/b\n", "memory");
}

void read_named(std::string_view text) {
  static constexpr std::string_view kNames[] = {"MemFree", "pgfault", "Dirty"};
  LearnedNames names(kNames);
  std::int64_t sum = 0;
  for (int turn = 0; turn < 2; ++turn)
    each_named_number(text, names, [&sum](std::size_t index, std::int64_t value) {
      fuzz::expect(index < std::size(kNames), "a name that nobody asked for");
      sum ^= value;
    });
  (void)names.unwanted();
}

}  // namespace

FUZZ_TARGET(kernel_text) {
  read_process(input);
  read_mounts(input);
  read_named(input);
  Fields fields(input);
  while (!fields.word().empty()) (void)Fields(fields.rest()).number();
}

}  // namespace tacho
