// SPDX-License-Identifier: Apache-2.0
// The wide files of system_tracer (and of `tacho snapshot --wide`): one row for a sample, an
// entity's number or name within the column's: cpu_3_utilization, gpu_0_temp,
// docker_<name>_net_rx_bytes; older ones have _container_<name>_... Sizes are bytes, shares are
// percent, disk_busy_time is ms.
#include <algorithm>
#include <charconv>
#include <functional>

#include "foreign/plan.h"

namespace tacho {
namespace {

constexpr std::string_view kContainerPrefixes[] = {"docker_", "_container_", "container_"};

PlannedColumn gauge(std::string name, std::string unit, std::string help, std::string otel = "") {
  return {.name = std::move(name),
          .unit = std::move(unit),
          .help = std::move(help),
          .otel = std::move(otel)};
}
PlannedColumn counter(std::string name, std::string unit, std::string help, std::string otel = "",
                      double multiply = 1) {
  return {.name = std::move(name),
          .kind = Kind::counter,
          .unit = std::move(unit),
          .help = std::move(help),
          .otel = std::move(otel),
          .multiply = multiply};
}
PlannedColumn share(std::string name, std::string help, std::string otel = "") {
  return {.name = std::move(name),
          .type = Type::real,
          .unit = "1",
          .help = std::move(help),
          .otel = std::move(otel),
          .divide = 100};
}
PlannedColumn key(std::string name, Type type, std::string help) {
  return {.name = std::move(name), .type = type, .kind = Kind::key, .help = std::move(help)};
}

// A table with a row for each entity that a column's name has between a prefix and an ending.
struct Entities {
  TablePlan table;
  std::vector<std::string_view> endings;  // of columns, in their order
};

Entities cpus() {
  return {{.name = "cpu",
           .help = "How busy every logical CPU was.",
           .key_columns = {key("cpu", Type::integer, "Logical number of the CPU.")},
           .columns = {share("utilization", "Share of the time in which it was busy.",
                             "system.cpu.utilization")}},
          {"_utilization"}};
}

Entities gpus() {
  return {{.name = "gpu",
           .help = "Every GPU.",
           .key_columns = {key("gpu", Type::integer, "Number of the GPU.")},
           .columns = {gauge("memory_limit", "By", "Its memory.", "hw.gpu.memory.limit"),
                       gauge("memory_usage", "By", "Memory in use.", "hw.gpu.memory.usage"),
                       gauge("memory_free", "By", "Memory that nobody uses."),
                       share("utilization", "Share of the time in which a kernel ran.",
                             "hw.gpu.utilization"),
                       {.name = "temperature",
                        .type = Type::real,
                        .unit = "Cel",
                        .help = "Temperature.",
                        .otel = "hw.temperature"}}},
          {"_total", "_used", "_free", "_utilization", "_temp"}};
}

Entities containers() {
  PlannedColumn files = gauge("open_files", "1", "Open files of its processes.");
  files.missing = -1;
  return {{.name = "container",
           .help = "Every container.",
           .scope = "container",
           .key_columns = {key("container", Type::text, "Name of the container.")},
           .columns = {share("cpu_utilization", "CPU time a second; 1 is a whole CPU."),
                       gauge("memory_usage", "By", "Memory in use."),
                       gauge("memory_limit", "By", "What it may use."),
                       share("memory_utilization", "Share of its limit."), std::move(files),
                       counter("network_io_receive", "By", "Received."),
                       counter("network_io_transmit", "By", "Sent."),
                       counter("disk_io_read", "By", "Read."),
                       counter("disk_io_write", "By", "Written.")}},
          {"_cpu_percent", "_mem_used_bytes", "_mem_limit_bytes", "_mem_percent", "_open_files",
           "_net_rx_bytes", "_net_tx_bytes", "_blkio_read_bytes", "_blkio_write_bytes"}};
}

// Takes the columns PREFIX<entity>ENDING off, a row of the plan for each entity, in their order.
void take_entities(Entities& entities, std::string_view prefix, bool is_numbered,
                   FileColumns& left) {
  TablePlan& table = entities.table;
  for (const std::size_t index : left.rest()) {
    const std::string name = left.all()[index].name;
    for (std::size_t column = 0; column < entities.endings.size(); ++column) {
      const std::string_view ending = entities.endings[column];
      if (!name.starts_with(prefix) || !name.ends_with(ending) ||
          name.size() <= prefix.size() + ending.size())
        continue;
      const std::string entity =
          name.substr(prefix.size(), name.size() - prefix.size() - ending.size());
      int number = 0;
      const auto [end, error] =
          std::from_chars(entity.data(), entity.data() + entity.size(), number);
      if (is_numbered &&
          (error != std::errc() || end != entity.data() + entity.size() || number < 0))
        continue;
      if (left.take_number(name) == kNoSource) continue;
      auto row = std::ranges::find_if(
          table.rows, [&](const PlannedRow& known) { return known.keys.front() == entity; });
      if (row == table.rows.end()) {
        table.rows.push_back(
            {.keys = {entity},
             .sources = std::vector<std::size_t>(entities.endings.size(), kNoSource)});
        row = std::prev(table.rows.end());
      }
      row->sources[column] = index;
      break;
    }
  }
}

std::optional<TablePlan> memory(FileColumns& left) {
  return map_table("memory", "Memory of the machine.",
                   {{"sys_total", gauge("limit", "By", "Memory that the kernel can use.",
                                        "system.memory.limit")},
                    {"sys_used", gauge("used", "By", "Memory in use.",
                                       "system.memory.usage{system.memory.state=used}")},
                    {"sys_free", gauge("free", "By", "Memory that nobody uses.",
                                       "system.memory.usage{system.memory.state=free}")}},
                   left);
}

std::optional<TablePlan> system_of(FileColumns& left) {
  return map_table(
      "system", "The machine as a whole.",
      {{"system_process_count",
        gauge("process_count", "1", "Processes that exist.", "system.process.count")},
       {"system_thread_count", gauge("task_count", "1", "Tasks (threads) that exist.")}},
      left);
}

std::optional<TablePlan> files(FileColumns& left) {
  return map_table("files", "Open files of the whole machine.",
                   {{"fd_used", gauge("open", "1", "Open files that the kernel has handed out.")},
                    {"fd_max", gauge("limit", "1", "The most that may be open (fs.file-max).")}},
                   left);
}

// Sums over all devices: the one row is named so.
std::optional<TablePlan> with_one_key(std::optional<TablePlan> table, const char* name,
                                      std::string help) {
  if (!table) return table;
  table->key_columns.push_back(key(name, Type::text, std::move(help)));
  table->rows.front().keys = {"all"};
  return table;
}

std::optional<TablePlan> disk(FileColumns& left) {
  return with_one_key(
      map_table(
          "disk", "All disks together.",
          {{"disk_read_count", counter("operations_read", "1", "Reads done.")},
           {"disk_read_bytes", counter("io_read", "By", "Read.")},
           {"disk_write_count", counter("operations_write", "1", "Writes done.")},
           {"disk_write_bytes", counter("io_write", "By", "Written.")},
           {"disk_busy_time",
            counter("io_time", "ns",
                    "Time in which operations were on their way, summed over disks.", "", 1e6)}},
          left),
      "device", "all: the sum over all disks.");
}

std::optional<TablePlan> network(FileColumns& left) {
  return with_one_key(
      map_table(
          "network", "All network interfaces together.",
          {{"net_bytes_recv", counter("io_receive", "By", "Received.")},
           {"net_packets_recv", counter("packet_count_receive", "1", "Packets received.")},
           {"net_errin", counter("errors_receive", "1", "Packets received with an error.")},
           {"net_dropin", counter("packet_dropped_receive", "1", "Packets received and dropped.")},
           {"net_bytes_sent", counter("io_transmit", "By", "Sent.")},
           {"net_packets_sent", counter("packet_count_transmit", "1", "Packets sent.")},
           {"net_errout", counter("errors_transmit", "1", "Packets not sent for an error.")},
           {"net_dropout",
            counter("packet_dropped_transmit", "1", "Packets dropped instead of sent.")}},
          left),
      "interface", "all: the sum over all interfaces.");
}

std::optional<FilePlan> plan(const std::string&, const Survey& survey) {
  FileColumns left(survey);
  if (!left.has("sys_used") && !left.has("cpu_0_utilization") && !left.has("system_process_count"))
    return std::nullopt;
  FilePlan plan{.what = "a wide file of system_tracer"};
  for (const auto& make : {system_of, memory, files, disk, network})
    if (auto table = make(left)) plan.tables.push_back(std::move(*table));
  Entities cpu = cpus(), gpu = gpus(), container = containers();
  take_entities(cpu, "cpu_", true, left);
  take_entities(gpu, "gpu_", true, left);
  for (const std::string_view prefix : kContainerPrefixes)
    take_entities(container, prefix, false, left);
  for (Entities* entities : {&cpu, &gpu, &container})
    if (!entities->table.rows.empty()) plan.tables.push_back(std::move(entities->table));
  if (auto rest = rest_as_it_is(
          "samples", "Columns of the file that have no place in another table, as they are.",
          survey, left, plan.remarks))
    plan.tables.push_back(std::move(*rest));
  return plan;
}

}  // namespace
const FileKind foreign_tracer{plan};
}  // namespace tacho
