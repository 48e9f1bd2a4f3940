// SPDX-License-Identifier: Apache-2.0
// The CSV files that monitor-rebuild.sh writes, by their names: memory, cpu, processes, disk,
// nix-store, network, file-descriptors, temperature, process-limits, fork-analysis. Column
// `timestamp` has seconds since 1970. Sizes in MB and GB are multiples of 1024, as free and df have
// them.
#include <functional>

#include "foreign/plan.h"

namespace tacho {
namespace {

constexpr double kKib = 1024, kMib = 1048576, kGib = 1073741824;

PlannedColumn size(std::string name, std::string help, double unit) {
  return {.name = std::move(name), .unit = "By", .help = std::move(help), .multiply = unit};
}
PlannedColumn number(std::string name, std::string help) {
  return {.name = std::move(name), .unit = "1", .help = std::move(help)};
}
PlannedColumn load(std::string name, std::string help) {
  return {.name = std::move(name), .type = Type::real, .unit = "1", .help = std::move(help)};
}
PlannedColumn counter(std::string name, std::string unit, std::string help, double multiply = 1) {
  return {.name = std::move(name),
          .kind = Kind::counter,
          .unit = std::move(unit),
          .help = std::move(help),
          .multiply = multiply};
}
PlannedColumn key(std::string name, std::string help) {
  return {.name = std::move(name), .type = Type::text, .kind = Kind::key, .help = std::move(help)};
}

struct KnownFile {
  std::string_view stem;
  std::string_view proof;  // a column that it must have
  std::string_view table, help;
  std::function<std::vector<Mapped>()> columns;
};

const KnownFile kFiles[] = {
    {"memory", "total_mb", "memory", "Memory of the machine as free shows it.",
     [] {
       return std::vector<Mapped>{
           {"total_mb", size("limit", "Memory that the kernel can use.", kMib)},
           {"used_mb", size("used", "In use, as free counts it.", kMib)},
           {"free_mb", size("free", "Memory that nobody uses.", kMib)},
           {"available_mb",
            size("available", "What new programs could have without swapping.", kMib)},
           {"swap_used_mb", size("swap_used", "Swap space in use.", kMib)},
           {"swap_free_mb", size("swap_free", "Swap space that nobody uses.", kMib)}};
     }},
    {"cpu", "load_1min", "system", "The machine as a whole.",
     [] {
       return std::vector<Mapped>{
           {"cpu_percent",
            {.name = "cpu_utilization",
             .type = Type::real,
             .unit = "1",
             .help = "Share of all CPUs that was busy.",
             .otel = "system.cpu.utilization",
             .divide = 100}},
           {"load_1min", load("load_1m", "Load average over 1 minute.")},
           {"load_5min", load("load_5m", "Load average over 5 minutes.")},
           {"load_15min", load("load_15m", "Load average over 15 minutes.")}};
     }},
    {"processes", "process_name", "processes", "Processes by name.",
     [] {
       return std::vector<Mapped>{
           {"process_name", key("process_name", "Name that was looked for.")},
           {"count", number("count", "Processes of that name.")},
           {"total_mem_mb", size("memory_usage", "Their resident memory, summed.", kMib)}};
     }},
    {"disk", "mount_point", "filesystem", "Mounted file systems as df shows them.",
     [] {
       return std::vector<Mapped>{{"mount_point", key("mountpoint", "Where it is mounted.")},
                                  {"total_gb", size("limit", "Its size.", kGib)},
                                  {"used_gb", size("usage_used", "In use.", kGib)},
                                  {"available_gb", size("usage_free", "Free.", kGib)},
                                  {"use_percent",
                                   {.name = "utilization",
                                    .type = Type::real,
                                    .unit = "1",
                                    .help = "Share in use, as df rounds it.",
                                    .divide = 100}}};
     }},
    {"nix-store", "nix_store_gb", "nix_store", "Size of the Nix store and of builds under way.",
     [] {
       return std::vector<Mapped>{
           {"nix_store_gb", size("store", "The Nix store.", kGib)},
           {"tmp_gb", size("temporary", "The folder of temporary files.", kGib)},
           {"build_dirs_count", number("build_folders", "Folders of builds under way.")}};
     }},
    {"network", "rx_mb", "network", "All network interfaces together.",
     [] {
       return std::vector<Mapped>{
           {"rx_mb", counter("io_receive", "By", "Received.", kMib)},
           {"tx_mb", counter("io_transmit", "By", "Sent.", kMib)},
           {"rx_packets", counter("packet_count_receive", "1", "Packets received.")},
           {"tx_packets", counter("packet_count_transmit", "1", "Packets sent.")}};
     }},
    {"file-descriptors", "total_fds", "files", "Open files.",
     [] {
       return std::vector<Mapped>{
           {"total_fds", number("open", "Open files of the machine.")},
           {"nix_daemon_fds", number("nix_daemon", "Of them, of nix-daemon.")},
           {"nix_build_fds", number("nix_build", "Of them, of nix-build.")}};
     }},
    {"process-limits", "max_processes", "limits",
     "The limits that make fork fail, beside what is used.",
     [] {
       return std::vector<Mapped>{
           {"max_processes", number("pid_limit", "The most process numbers.")},
           {"current_processes", number("process_count", "Processes that exist.")},
           {"max_threads", number("task_limit", "The most tasks that may exist.")},
           {"current_threads", number("task_count", "Tasks that exist.")}};
     }},
    {"fork-analysis", "fork_possible", "fork", "Whether a process could have been made.", [] {
       return std::vector<Mapped>{
           {"available_mem_mb", size("available", "Memory for new programs.", kMib)},
           {"min_free_kb", size("memory_reserve", "What the kernel keeps free.", kKib)},
           {"fork_possible",
            {.name = "possible",
             .type = Type::text,
             .kind = Kind::text,
             .help = "yes, marginal or NO."}}};
     }}};

// One row for each sensor; 0 stands for a sensor that did not answer.
TablePlan temperatures(FileColumns& left) {
  TablePlan table{.name = "sensor",
                  .help = "Temperatures.",
                  .key_columns = {key("sensor", "What was measured.")},
                  .columns = {{.name = "temperature",
                               .type = Type::real,
                               .unit = "Cel",
                               .help = "Temperature.",
                               .otel = "hw.temperature",
                               .missing = 0}}};
  for (const char* sensor : {"cpu", "gpu", "nvme"})
    if (const std::size_t source = left.take_number(std::string(sensor) + "_temp");
        source != kNoSource)
      table.rows.push_back({.keys = {sensor}, .sources = {source}});
  return table;
}

std::optional<FilePlan> plan(const std::string& stem, const Survey& survey) {
  FileColumns left(survey);
  FilePlan plan{.what = "a file of monitor-rebuild.sh (" + stem + ")"};
  if (stem == "temperature" && left.has("cpu_temp")) {
    plan.tables.push_back(temperatures(left));
    if (auto rest =
            rest_as_it_is("temperature", "Other columns of the file.", survey, left, plan.remarks))
      plan.tables.push_back(std::move(*rest));
    return plan;
  }
  for (const KnownFile& file : kFiles) {
    if (file.stem != stem || !left.has(file.proof)) continue;
    auto table = map_table(std::string(file.table), std::string(file.help), file.columns(), left);
    if (!table) return std::nullopt;
    // All interfaces are one here.
    if (table->name == "network") {
      table->key_columns.push_back(key("interface", "all: their sum."));
      table->rows.front().keys = {"all"};
    }
    append_rest(*table, survey, left, plan.remarks);
    plan.tables.push_back(std::move(*table));
    return plan;
  }
  return std::nullopt;
}

}  // namespace
const FileKind foreign_rebuild{plan};
}  // namespace tacho
