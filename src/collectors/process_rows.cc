// SPDX-License-Identifier: Apache-2.0
#include "collectors/process_rows.h"

#include <algorithm>

#include "base/text.h"
#include "collectors/cgroup_owner.h"

namespace tacho {
namespace {

void set_text(Rows& rows, std::size_t column, std::string_view text) {
  if (!text.empty()) rows.set(column, text);
}

void set_account(Rows& rows, const ProcessAccount& account) {
  using namespace process_exit_column;
  rows.set(cpu_time_user, account.cpu_time_user);
  rows.set(cpu_time_system, account.cpu_time_system);
  rows.set(memory_peak, account.memory_peak);
  rows.set(disk_io_read, account.disk_io_read);
  rows.set(disk_io_write, account.disk_io_write);
  rows.set(io_read, account.io_read);
  rows.set(io_write, account.io_write);
  rows.set(paging_faults_minor, account.paging_faults_minor);
  rows.set(paging_faults_major, account.paging_faults_major);
  rows.set(context_switches_voluntary, account.context_switches_voluntary);
  rows.set(context_switches_involuntary, account.context_switches_involuntary);
  rows.set(delay_cpu, account.delay_cpu);
  rows.set(delay_block, account.delay_block);
}

void set_end(Rows& rows, const ToldEnd& end) {
  using namespace process_exit_column;
  const Stamp& now = rows.stamp();
  rows.set(source, end.source);
  rows.set(exit_code, end.exit_code);
  rows.set(signal, end.signal);
  if (end.core_dumped) rows.set(core_dumped, *end.core_dumped ? 1 : 0);
  rows.set(exit_time, now.time - now.boottime + end.boottime);
}

// What the ticks saw, for a source that tells the end alone.
ProcessAccount last_seen_account(const LivingProcess& process) {
  const ProcessStat& stat = process.numbers;
  return {.cpu_time_user = stat.user_time,
          .cpu_time_system = stat.system_time,
          .memory_peak = process.status.resident_peak,
          .disk_io_read = process.io.read_bytes,
          .disk_io_write = process.io.write_bytes,
          .io_read = process.io.read_characters,
          .io_write = process.io.write_characters,
          .paging_faults_minor = stat.faults_minor,
          .paging_faults_major = stat.faults_major,
          .context_switches_voluntary = process.status.switches_voluntary,
          .context_switches_involuntary = process.status.switches_involuntary};
}

// The account of the whole life is better than what was seen last.
std::optional<std::int64_t> better(std::optional<std::int64_t> account, std::optional<std::int64_t> seen) {
  return account ? account : seen;
}

ProcessAccount merged(const ProcessAccount& account, const ProcessAccount& seen) {
  return {.cpu_time_user = better(account.cpu_time_user, seen.cpu_time_user),
          .cpu_time_system = better(account.cpu_time_system, seen.cpu_time_system),
          .memory_peak = better(account.memory_peak, seen.memory_peak),
          .disk_io_read = better(account.disk_io_read, seen.disk_io_read),
          .disk_io_write = better(account.disk_io_write, seen.disk_io_write),
          .io_read = better(account.io_read, seen.io_read),
          .io_write = better(account.io_write, seen.io_write),
          .paging_faults_minor = better(account.paging_faults_minor, seen.paging_faults_minor),
          .paging_faults_major = better(account.paging_faults_major, seen.paging_faults_major),
          .context_switches_voluntary =
              better(account.context_switches_voluntary, seen.context_switches_voluntary),
          .context_switches_involuntary =
              better(account.context_switches_involuntary, seen.context_switches_involuntary),
          .delay_cpu = account.delay_cpu,
          .delay_block = account.delay_block};
}

}  // namespace

void set_process_figures(Rows& rows, const LivingProcess& process, std::int64_t page_size,
                         bool has_block_delay) {
  using namespace process_column;
  const ProcessStat& stat = process.numbers;
  const std::int64_t resident = process.resident_pages * page_size;
  rows.set(process_column::process, process.number);
  rows.set(pid, process.pid);
  rows.set(state, std::string_view(&stat.state, 1));
  rows.set(cpu_time_user, stat.user_time);
  rows.set(cpu_time_system, stat.system_time);
  if (process.has_schedule) {
    rows.set(cpu_time_main_thread, process.run_time);
    rows.set(delay_cpu, process.run_delay);
  }
  rows.set(memory_usage, resident);
  // The kernel updates the peak lazily: what is resident now is never above it.
  if (process.status.resident_peak) rows.set(memory_peak, std::max(*process.status.resident_peak, resident));
  rows.set(memory_virtual, stat.virtual_size);
  rows.set(memory_swap, process.status.swap);
  rows.set(disk_io_read, process.io.read_bytes);
  rows.set(disk_io_write, process.io.write_bytes);
  rows.set(io_read, process.io.read_characters);
  rows.set(io_write, process.io.write_characters);
  rows.set(paging_faults_minor, stat.faults_minor);
  rows.set(paging_faults_major, stat.faults_major);
  rows.set(context_switches_voluntary, process.status.switches_voluntary);
  rows.set(context_switches_involuntary, process.status.switches_involuntary);
  rows.set(thread_count, stat.threads);
  rows.set(nice, stat.nice);
  rows.set(priority, stat.priority);
  if (has_block_delay) rows.set(delay_block, stat.block_delay);
}

void write_description(Rows& rows, const ProcessDescription& of, const Users& users) {
  using namespace process_info_column;
  const Stamp& now = rows.stamp();
  rows.start_row();
  rows.set(process_info_column::process, of.number);
  rows.set(pid, of.pid);
  rows.set(parent_process, of.family->parent_number);
  rows.set(parent_pid, of.parent_pid);
  if (of.inner_pid != of.pid) rows.set(inner_pid, of.inner_pid);
  if (of.start_boottime) rows.set(start_time, now.time - now.boottime + *of.start_boottime);
  rows.set(start_boottime, of.start_boottime);
  set_text(rows, command, of.command);
  set_text(rows, executable, of.executable);
  if (!of.arguments.empty()) {
    rows.set(arguments, of.arguments);
    rows.set(arguments_cut, of.arguments_cut ? 1 : 0);
  }
  if (of.user_id) {
    rows.set(user_id, *of.user_id);
    if (const std::string* name = users.name_of(*of.user_id)) rows.set(user, *name);
  }
  rows.set(group_id, of.group_id);
  rows.set(process_group, of.process_group);
  rows.set(session, of.session);
  set_text(rows, cgroup, of.family->cgroup);
  rows.set(kernel_thread, of.kernel_thread ? 1 : 0);
  rows.set(in_command, of.family->in_command ? 1 : 0);
  const CgroupOwner owner = owner_of_cgroup(of.family->cgroup);
  set_text(rows, container, owner.container);
  set_text(rows, unit, owner.unit);
  set_text(rows, job, of.family->job.empty() && !owner.job.empty() ? "slurm:" + owner.job : of.family->job);
  rows.finish_row();
}

ProcessDescription describe(const YoungProcess& process) {
  const ToldProcess& told = process.told;
  const ProcessIdentity& identity = told.identity;
  return {.number = process.number,
          .pid = process.pid,
          .parent_pid = process.parent_pid,
          .inner_pid = identity.inner_pid,
          .start_boottime = told.start_boottime ? told.start_boottime : process.born_boottime,
          .command = told.command,
          .executable = told.executable,
          .arguments = told.arguments,
          .arguments_cut = told.arguments_cut,
          .user_id = identity.user_id,
          .group_id = identity.group_id,
          .process_group = identity.process_group,
          .session = identity.session,
          .family = &process.family};
}

void write_exit(Rows& rows, const LivingProcess& process) {
  using namespace process_exit_column;
  rows.start_row();
  rows.set(process_exit_column::process, process.number);
  rows.set(pid, process.pid);
  const ProcessAccount seen = last_seen_account(process);
  if (process.end) {
    set_end(rows, *process.end);
    set_account(rows, merged(process.end->account, seen));
  } else {
    rows.set(source, "poll");
    set_account(rows, seen);
  }
  rows.set(last_boottime, process.end ? process.end->boottime : process.last_seen);
  rows.finish_row();
}

void write_exit(Rows& rows, const YoungProcess& process) {
  using namespace process_exit_column;
  rows.start_row();
  rows.set(process_exit_column::process, process.number);
  rows.set(pid, process.pid);
  set_end(rows, *process.end);
  set_account(rows, process.end->account);
  rows.set(last_boottime, process.end->boottime);
  rows.finish_row();
}

}  // namespace tacho
