// SPDX-License-Identifier: Apache-2.0
#include "collectors/command_sums.h"

#include <algorithm>

#include "base/saturating.h"
#include "collectors/scaled.h"

namespace tacho {
namespace {

std::int64_t cpu_time_of(const LivingProcess& process) {
  std::int64_t by_ticks = process.numbers.user_time;
  add_up(by_ticks, process.numbers.system_time);
  return process.numbers.threads <= 1 ? std::max(by_ticks, process.run_time) : by_ticks;
}

}  // namespace

void CommandSums::add_account(const ProcessAccount& account) {
  add_up(cpu_time_, account.cpu_time_user.value_or(0));
  add_up(cpu_time_, account.cpu_time_system.value_or(0));
  add_up(read_bytes_, account.disk_io_read.value_or(0));
  add_up(write_bytes_, account.disk_io_write.value_or(0));
  if (account.memory_peak && *account.memory_peak > usage_->memory_peak_largest.value_or(0))
    usage_->memory_peak_largest = account.memory_peak;
}

void CommandSums::take_end(const LivingProcess& process) {
  if (usage_ == nullptr || !process.family.in_command) return;
  ProcessAccount account;
  if (process.end) account = process.end->account;
  if (!account.cpu_time_user && !account.cpu_time_system) add_up(cpu_time_, cpu_time_of(process));
  if (!account.disk_io_read) account.disk_io_read = process.io.read_bytes;
  if (!account.disk_io_write) account.disk_io_write = process.io.write_bytes;
  add_account(account);
}

void CommandSums::take_end(const YoungProcess& process) {
  if (usage_ != nullptr && process.family.in_command) add_account(process.end->account);
}

void CommandSums::take_tick(std::span<const Living> living, std::int64_t page_size,
                            std::int64_t time) {
  if (usage_ == nullptr) return;
  std::int64_t memory = 0, unreadable = 0;
  usage_->cpu_time = cpu_time_;
  usage_->read_bytes = read_bytes_;
  usage_->write_bytes = write_bytes_;
  for (const auto& process : living) {
    if (!process->family.in_command) continue;
    add_up(usage_->cpu_time, cpu_time_of(*process));
    add_up(memory, scaled(process->resident_pages, page_size).value_or(0));
    add_up(usage_->read_bytes, process->io.read_bytes.value_or(0));
    add_up(usage_->write_bytes, process->io.write_bytes.value_or(0));
    unreadable += process->io_denied;
  }
  usage_->memory_usage = memory;
  usage_->unreadable = std::max(usage_->unreadable, unreadable);
  if (memory > usage_->memory_usage_highest) {
    usage_->memory_usage_highest = memory;
    usage_->highest_time = time;
  }
}

}  // namespace tacho
