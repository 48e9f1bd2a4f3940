// SPDX-License-Identifier: Apache-2.0
#include "collectors/process_rows.h"

#include <algorithm>

#include "base/text.h"
#include "collectors/scaled.h"

namespace tacho {
namespace {

void set_text(Rows& rows, std::size_t column, std::string_view text) {
  if (!text.empty()) rows.set(column, text);
}

using Figure = std::optional<std::int64_t>;

// One figure of the account of a whole life.
struct AccountFigure {
  std::size_t column;                     // of process_exit
  Figure ProcessAccount::*account;        // as the kernel told it at the end
  Figure (*seen)(const LivingProcess&);   // as the ticks saw it last
};

constexpr Figure never_seen(const LivingProcess&) { return std::nullopt; }

namespace exit_column = process_exit_column;
constexpr AccountFigure kAccountFigures[] = {
    {exit_column::cpu_time_user, &ProcessAccount::cpu_time_user,
     [](const LivingProcess& process) -> Figure { return process.numbers.user_time; }},
    {exit_column::cpu_time_system, &ProcessAccount::cpu_time_system,
     [](const LivingProcess& process) -> Figure { return process.numbers.system_time; }},
    {exit_column::memory_peak, &ProcessAccount::memory_peak,
     [](const LivingProcess& process) -> Figure { return process.status.resident_peak; }},
    {exit_column::disk_io_read, &ProcessAccount::disk_io_read,
     [](const LivingProcess& process) -> Figure { return process.io.read_bytes; }},
    {exit_column::disk_io_write, &ProcessAccount::disk_io_write,
     [](const LivingProcess& process) -> Figure { return process.io.write_bytes; }},
    {exit_column::io_read, &ProcessAccount::io_read,
     [](const LivingProcess& process) -> Figure { return process.io.read_characters; }},
    {exit_column::io_write, &ProcessAccount::io_write,
     [](const LivingProcess& process) -> Figure { return process.io.write_characters; }},
    {exit_column::paging_faults_minor, &ProcessAccount::paging_faults_minor,
     [](const LivingProcess& process) -> Figure { return process.numbers.faults_minor; }},
    {exit_column::paging_faults_major, &ProcessAccount::paging_faults_major,
     [](const LivingProcess& process) -> Figure { return process.numbers.faults_major; }},
    {exit_column::context_switches_voluntary, &ProcessAccount::context_switches_voluntary,
     [](const LivingProcess& process) -> Figure { return process.status.switches_voluntary; }},
    {exit_column::context_switches_involuntary, &ProcessAccount::context_switches_involuntary,
     [](const LivingProcess& process) -> Figure { return process.status.switches_involuntary; }},
    {exit_column::delay_cpu, &ProcessAccount::delay_cpu, never_seen},
    {exit_column::delay_block, &ProcessAccount::delay_block, never_seen}};

// The account of the whole life is better than what was seen last. Either may be nullptr.
void set_account(Rows& rows, const ProcessAccount* account, const LivingProcess* process) {
  for (const AccountFigure& figure : kAccountFigures) {
    Figure value = account != nullptr ? account->*figure.account : std::nullopt;
    if (!value && process != nullptr) value = figure.seen(*process);
    rows.set(figure.column, value);
  }
}

void set_end(Rows& rows, const ToldEnd& end) {
  using namespace process_exit_column;
  const Stamp& now = rows.stamp();
  rows.set(source, end.source);
  rows.set(exit_code, end.exit_code);
  rows.set(signal, end.signal);
  if (end.core_dumped) rows.set(core_dumped, *end.core_dumped ? 1 : 0);
  if (end.source != kPolledEnd) rows.set(exit_time, now.time - now.boottime + end.boottime);
}

}  // namespace

void set_process_figures(Rows& rows, const LivingProcess& process, std::int64_t page_size,
                         bool has_block_delay) {
  using namespace process_column;
  const ProcessStat& stat = process.numbers;
  const auto resident = scaled(process.resident_pages, page_size);
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
  if (process.status.resident_peak)
    rows.set(memory_peak, std::max(*process.status.resident_peak, resident.value_or(0)));
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

void write_description(Rows& rows, const ProcessDescription& of, ProcessNames& names) {
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
    if (const std::string* name = names.users.name_of(*of.user_id)) rows.set(user, *name);
  }
  rows.set(group_id, of.group_id);
  rows.set(process_group, of.process_group);
  rows.set(session, of.session);
  set_text(rows, cgroup, of.family->cgroup);
  rows.set(kernel_thread, of.kernel_thread ? 1 : 0);
  rows.set(in_command, of.family->in_command ? 1 : 0);
  const CgroupOwner& owner = names.owners.of(of.family->cgroup);
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
  if (process.end) {
    set_end(rows, *process.end);
  } else {
    rows.set(source, kPolledEnd);
  }
  set_account(rows, process.end ? &process.end->account : nullptr, &process);
  rows.set(last_boottime, process.end ? process.end->boottime : process.last_seen);
  rows.finish_row();
}

void write_exit(Rows& rows, const YoungProcess& process) {
  using namespace process_exit_column;
  rows.start_row();
  rows.set(process_exit_column::process, process.number);
  rows.set(pid, process.pid);
  set_end(rows, *process.end);
  set_account(rows, &process.end->account, nullptr);
  rows.set(last_boottime, process.end->boottime);
  rows.finish_row();
}

}  // namespace tacho
