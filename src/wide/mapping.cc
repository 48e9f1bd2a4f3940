// SPDX-License-Identifier: Apache-2.0
#include "wide/mapping.h"

#include <algorithm>

namespace tacho {
namespace {

using How = WideLine::How;
using Name = std::string_view;

constexpr WideLine value(Name name, Name table, Name column, Name unit, Name help) {
  return {.name = name, .table = table, .columns = {column}, .unit = unit, .help = help};
}
constexpr WideLine less(Name name, Name table, Name column, Name but, Name unit, Name help) {
  return {.name = name,
          .table = table,
          .how = How::less,
          .columns = {column, but},
          .unit = unit,
          .help = help};
}
constexpr WideLine percent(Name name, Name table, Name column, Name whole, Name help) {
  return {.name = name,
          .table = table,
          .how = How::percent,
          .columns = {column, whole},
          .unit = "%",
          .help = help,
          .type = Type::real};
}
constexpr WideLine sum(Name name, Name table, Name column, Name unit, Name help) {
  return {.name = name,
          .table = table,
          .how = How::sum,
          .columns = {column},
          .unit = unit,
          .help = help};
}
constexpr WideLine rate(Name name, Name table, Name column, Name unit, Name help) {
  return {.name = name,
          .table = table,
          .how = How::rate,
          .columns = {column},
          .unit = unit,
          .help = help,
          .type = Type::real};
}
// Read whenever the descriptors are, and not refused.
constexpr Name kAsked = "oom_score_adj";
constexpr WideLine of_processes(Name name, How how, Name column, Name help,
                                Type type = Type::integer) {
  return {.name = name,
          .table = wide_process::kFigures,
          .how = how,
          .columns = {column, kAsked},
          .unit = "1",
          .help = help,
          .type = type};
}

// Devices made of other devices, and partitions, would count the same bytes again.
constexpr WideLine disks(const WideLine& line) { return line.only("type", "disk"); }

constexpr WideLine kUtilization = {
    .name = "cpu_{}_utilization",
    .table = "cpu",
    .how = How::busy,
    .columns = {"time_idle", "time_iowait", "time_user", "time_nice", "time_system",
                "time_interrupt", "time_softirq", "time_steal"},
    .unit = "%",
    .help = "Time since the row before in which the CPU was neither idle nor waiting for a disk.",
    .type = Type::real};

constexpr Name kDescriptors = "file_descriptor_count";

constexpr WideLine kLines[] = {
    value("sys_total", "memory", "limit", "By", "Memory that the kernel can use."),
    less("sys_used", "memory", "limit", "available", "By",
         "Memory in use that new programs could not have: total without available."),
    value("sys_free", "memory", "free", "By", "Memory that nobody uses, not even as a cache."),
    kUtilization.of("cpu"),
    of_processes(
        "total_open_files", How::living_sum, kDescriptors,
        "Open descriptors of all processes whose descriptors we may see, as last read: at least "
        "every 60 ticks or 60 s. Null until each was read once."),
    of_processes("max_files_process", How::living_most_name, kDescriptors,
                 "The process with the most of them: name(pid).", Type::text),
    of_processes("max_files_count", How::living_most, kDescriptors, "How many it has."),
    value("fd_used", "files", "open", "1",
          "Open files that the kernel has handed out; descriptors that share one count once."),
    value("fd_max", "files", "limit", "1", "The most that may be open (fs.file-max)."),
    percent("fd_usage_percent", "files", "open", "limit", "fd_used in percent of fd_max."),
    disks(sum("disk_read_bytes", "disk", "io_read", "By", "Read from all disks since boot.")),
    disks(sum("disk_write_bytes", "disk", "io_write", "By", "Written to all disks since boot.")),
    disks(sum("disk_read_count", "disk", "operations_read", "1", "Reads of all disks since boot.")),
    disks(sum("disk_write_count", "disk", "operations_write", "1",
              "Writes of all disks since boot.")),
    disks(sum("disk_busy_time", "disk", "io_time", "ms",
              "Time since boot in which a disk had something to do, summed over disks."))
        .over(1'000'000),
    sum("net_bytes_sent", "network", "io_transmit", "By",
        "Sent since boot, over all interfaces, loopback included."),
    sum("net_bytes_recv", "network", "io_receive", "By", "Received, over the same."),
    sum("net_packets_sent", "network", "packet_count_transmit", "1", "Packets sent."),
    sum("net_packets_recv", "network", "packet_count_receive", "1", "Packets received."),
    sum("net_errin", "network", "errors_receive", "1", "Packets received with an error."),
    sum("net_errout", "network", "errors_transmit", "1", "Packets not sent for an error."),
    sum("net_dropin", "network", "packet_dropped_receive", "1", "Packets received and dropped."),
    sum("net_dropout", "network", "packet_dropped_transmit", "1",
        "Packets dropped instead of sent."),
    of_processes("system_process_count", How::living, "",
                 "Processes, the kernel's threads included."),
    value("system_thread_count", "system", "task_count", "1", "Threads of all processes."),
    disks(rate("disk_read_bytes_per_sec", "disk", "io_read", "By/s", "Read from all disks.")),
    disks(rate("disk_write_bytes_per_sec", "disk", "io_write", "By/s", "Written to all disks.")),
    disks(rate("disk_read_count_per_sec", "disk", "operations_read", "/s", "Reads of all disks.")),
    disks(
        rate("disk_write_count_per_sec", "disk", "operations_write", "/s", "Writes of all disks.")),
    rate("net_bytes_sent_per_sec", "network", "io_transmit", "By/s", "Sent over all interfaces."),
    rate("net_bytes_recv_per_sec", "network", "io_receive", "By/s",
         "Received over all interfaces."),
    rate("net_packets_sent_per_sec", "network", "packet_count_transmit", "/s", "Packets sent."),
    rate("net_packets_recv_per_sec", "network", "packet_count_receive", "/s", "Packets received."),
};

void add_once(std::vector<std::string_view>& names, std::string_view name) {
  if (!name.empty() && std::ranges::find(names, name) == names.end()) names.push_back(name);
}

}  // namespace

std::span<const WideLine> wide_lines() { return kLines; }

std::vector<std::string_view> wide_tables(std::span<const WideLine> lines) {
  std::vector<std::string_view> tables = {kWideTicks};
  for (const WideLine& line : lines) {
    add_once(tables, line.table);
    if (!line.is_of_processes()) continue;
    add_once(tables, wide_process::kInfo);
    add_once(tables, wide_process::kExit);
  }
  return tables;
}

std::vector<std::string_view> wide_columns_of(std::string_view table,
                                              std::span<const WideLine> lines) {
  std::vector<std::string_view> columns;
  if (table.starts_with(wide_process::kFigures)) {
    add_once(columns, wide_process::kNumber);
    add_once(columns, wide_process::kPid);
    if (table == wide_process::kInfo) add_once(columns, wide_process::kCommand);
  }
  for (const WideLine& line : lines) {
    if (line.table != table) continue;
    for (const std::string_view column : line.columns) add_once(columns, column);
    add_once(columns, line.entity);
    add_once(columns, line.where);
  }
  return columns;
}

}  // namespace tacho
