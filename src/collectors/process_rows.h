// SPDX-License-Identifier: Apache-2.0
// The rows of the three process tables, made from what is known of a process.
#pragma once

#include <cstdint>
#include <string_view>

#include "collectors/cgroup_owner.h"
#include "collectors/process_record.h"
#include "collectors/process_tables.h"
#include "collectors/users.h"
#include "schema/rows.h"

namespace tacho {

// Sets the columns of `process` that every row has. The row is started and finished by the caller.
void set_process_figures(Rows& rows, const LivingProcess& process, std::int64_t page_size,
                         bool has_block_delay);

// A row of `process_info`. Absent parts are null.
struct ProcessDescription {
  std::uint64_t number = 0;
  std::int64_t pid = 0;
  std::optional<std::int64_t> parent_pid, inner_pid, start_boottime;
  // Escaped; an empty one is null.
  std::string_view command, executable, arguments;
  bool arguments_cut = false;
  std::optional<std::int64_t> user_id, group_id, process_group, session;
  bool kernel_thread = false;
  const ProcessFamily* family = nullptr;
};
// What its ids and paths stand for.
struct ProcessNames {
  Users users;
  CgroupOwners owners;
};
void write_description(Rows& rows, const ProcessDescription& of, ProcessNames& names);
ProcessDescription describe(const YoungProcess& process);

// A row of `process_exit`.
void write_exit(Rows& rows, const LivingProcess& process);
void write_exit(Rows& rows, const YoungProcess& process);

}  // namespace tacho
