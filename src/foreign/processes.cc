// SPDX-License-Identifier: Apache-2.0
// Files with a column of process ids: what `tacho show RECORDING process --format csv` and `tacho
// export --table process` write, and what others make of psutil, ps and pidstat. They become the
// tables process (figures) and process_info (what a process is), as tacho records them; pid is its
// number.
#include <algorithm>
#include <array>
#include <cctype>
#include <span>

#include "foreign/guess.h"
#include "foreign/plan.h"
#include "foreign/times.h"

namespace tacho {
namespace {

enum class Where : std::uint8_t { figures, info };

// A column of the two tables, and what others call it. Compared without case.
struct Known {
  std::string_view name;
  Where where;
  Type type;
  Kind kind;
  std::string_view unit, help;
  std::vector<std::string_view> others;
  double multiply = 1, divide = 1;  // of what others write
};

const std::vector<Known>& known_columns() {
  constexpr double kSecond = 1e9;
  using enum Where;
  static const std::vector<Known> known = {
      {"state", figures, Type::text, Kind::text, "", "State.", {"status", "stat", "s"}},
      {"cpu_time_user", figures, Type::integer, Kind::counter, "ns", "CPU time in user mode.",
       {"cpu_times_user", "cpu_times.user", "cpu_user", "user_time"}, kSecond},
      {"cpu_time_system", figures, Type::integer, Kind::counter, "ns", "CPU time in the kernel.",
       {"cpu_times_system", "cpu_times.system", "cpu_system", "system_time"}, kSecond},
      {"cpu_time", figures, Type::integer, Kind::counter, "ns", "CPU time.",
       {"cpu_seconds", "cpu_time_total", "cputime"}, kSecond},
      {"cpu_utilization", figures, Type::real, Kind::gauge, "1", "CPU time a second; 1 is a whole CPU.",
       {"cpu_percent", "%cpu", "pcpu", "cpu%", "cpu_usage_percent"}, 1, 100},
      {"memory_utilization", figures, Type::real, Kind::gauge, "1", "Share of the machine's memory.",
       {"memory_percent", "mem_percent", "%mem", "pmem", "mem%"}, 1, 100},
      {"thread_count", figures, Type::integer, Kind::gauge, "1", "Threads.",
       {"num_threads", "threads", "nlwp", "thcnt"}},
      {"disk_io_read", figures, Type::integer, Kind::counter, "By", "Read from storage.",
       {"io_read_bytes", "read_bytes", "io_counters_read_bytes", "io_counters.read_bytes"}},
      {"disk_io_write", figures, Type::integer, Kind::counter, "By", "Sent to storage.",
       {"io_write_bytes", "write_bytes", "io_counters_write_bytes", "io_counters.write_bytes"}},
      {"file_descriptor_count", figures, Type::integer, Kind::gauge, "1", "Open descriptors.",
       {"num_fds", "fds", "open_fds"}},
      {"parent_pid", info, Type::integer, Kind::key, "", "The parent's pid.", {"ppid", "parent"}},
      {"start_time", info, Type::integer, Kind::gauge, "ns", "Start, ns since 1970 UTC.",
       {"create_time", "started"}, kSecond},
      {"user", info, Type::text, Kind::text, "", "User.",
       {"username", "uname", "euser", "owner", "uid", "user_id"}},
      {"command", info, Type::text, Kind::text, "", "Name.",
       {"name", "comm", "process_name", "ucmd", "process"}},
      {"arguments", info, Type::text, Kind::text, "", "Command line.",
       {"cmdline", "args", "cmd", "command_line", "commandline"}}};
  return known;
}

// Further columns of tacho's own two tables, by kind.
constexpr std::string_view kOwnCounters[] = {"cpu_time_main_thread", "delay_cpu", "delay_block"};
constexpr std::string_view kOwnBytes[] = {"memory_peak", "memory_swap"};
constexpr std::string_view kOwnInfo[] = {
    "executable", "arguments_cut", "user_id",    "group_id", "process_group", "session",       "cgroup",
    "container",  "unit",          "in_command", "job",      "kernel_thread", "start_boottime"};

struct Size {
  std::string_view ending;
  double bytes;
};
constexpr std::array kSizes = {Size{"_bytes", 1},      Size{"_kb", 1024},    Size{"_kib", 1024},
                               Size{"_mb", 1048576},   Size{"_mib", 1048576}, Size{"_gb", 1073741824},
                               Size{"_gib", 1073741824}};
constexpr std::string_view kResident[] = {"rss", "memory_info.rss", "memory_info_rss", "memory_rss",
                                          "mem_rss", "res", "resident"};
constexpr std::string_view kVirtual[] = {"vsz", "vms", "memory_info.vms", "memory_info_vms", "virt"};
// Of a size without a unit: ps and pidstat write KiB, psutil bytes. Other columns tell which of them it was.
constexpr std::string_view kOfPs[] = {"vsz", "%mem", "pmem", "stat", "nlwp", "%cpu", "pcpu", "%usr"};
constexpr std::string_view kOfPsutil[] = {"vms", "uss", "pss", "num_threads", "create_time", "cpu_percent",
                                          "memory_percent", "username", "memory_info.rss", "cmdline"};
// No process has so much memory in KiB (64 GiB), and only the smallest so little in bytes.
constexpr double kSurelyBytes = 64 << 20;

std::string lower(std::string_view name) {
  std::string text(name);
  std::ranges::transform(text, text.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

bool is_number(const SurveyedColumn& column) {
  return column.type_of() == Type::integer || column.type_of() == Type::real;
}

class Processes {
 public:
  explicit Processes(const Survey& survey) : survey_(survey), is_taken_(survey.columns.size()) {
    for (const SurveyedColumn& column : survey.columns) names_.push_back(lower(column.name));
  }

  std::optional<FilePlan> plan() {
    const std::size_t pid = find("pid");
    if (pid == kNoSource || survey_.columns[pid].type_of() != Type::integer) return std::nullopt;
    const std::size_t number = find("process");
    is_own_ = find("boottime") != kNoSource && number != kNoSource && is_number(survey_.columns[number]);
    add_keys(pid, is_own_ ? number : pid);
    for (const Known& known : known_columns()) add_known(known);
    add_sizes();
    const bool is_process = has("parent_pid") || has("cpu_time_user") || has("cpu_time") ||
                            has("cpu_utilization") || has("memory_usage") || has("memory_utilization");
    if (!is_process && !(survey_.is_long() && has("command"))) return std::nullopt;
    // Where there is one of the two it is the name and the line, as `ps aux` writes it.
    if (!has("arguments")) add_line();
    is_filled_ = !is_own_ || has("command");
    add_rest();
    return finish();
  }

 private:
  std::size_t find(std::string_view name) const {
    const auto place = std::ranges::find(names_, name);
    return place == names_.end() ? kNoSource : static_cast<std::size_t>(place - names_.begin());
  }
  bool has(std::string_view name) const {
    return std::ranges::any_of(kBoth, [&](TablePlan Processes::*table) {
      const auto& columns = (this->*table).columns;
      return std::ranges::find(columns, name, &PlannedColumn::name) != columns.end();
    });
  }

  void add(Where where, PlannedColumn column, std::size_t source) {
    TablePlan& table = where == Where::figures ? figures_ : info_;
    table.columns.push_back(std::move(column));
    table.rows.front().sources.push_back(source);
    is_taken_[source] = true;
  }

  void add_keys(std::size_t pid, std::size_t number) {
    for (const Where where : {Where::figures, Where::info}) {
      add(where,
          {.name = "process", .type = Type::unsigned_integer, .kind = Kind::key, .help = "Its number."}, number);
      add(where, {.name = "pid", .kind = Kind::key, .help = "Process id."}, pid);
    }
  }

  void add_known(const Known& known) {
    PlannedColumn column{.name = std::string(known.name),
                         .type = known.type,
                         .kind = known.kind,
                         .unit = std::string(known.unit),
                         .help = std::string(known.help)};
    std::size_t source = find(known.name);
    // By tacho's own name; texts mean the same everywhere.
    const bool is_as_named = is_own_ || known.type == Type::text || known.name == "parent_pid" ||
                             known.name == "thread_count";
    if (!is_as_named || !is_fit(source, known.type)) {
      source = kNoSource;
      for (const std::string_view other : known.others)
        if (source == kNoSource && is_fit(find(other), known.type)) source = find(other);
      column.multiply = known.multiply;
      column.divide = known.divide;
    }
    if (source == kNoSource) return;
    if (known.name == "start_time" && !is_own_) {
      // Seconds since 1970, or whatever the magnitude says; small numbers are no times.
      const double low = survey_.columns[source].profile.low;
      if (!(low > 1e8)) return;
      column.multiply = static_cast<double>(nanoseconds_of(form_of_number(low)));
    }
    add(known.where, std::move(column), source);
  }

  bool is_fit(std::size_t source, Type wanted) const {
    if (source == kNoSource || is_taken_[source]) return false;
    return wanted == Type::text ? survey_.columns[source].type_of() != Type::timestamp
                                : is_number(survey_.columns[source]);
  }

  void add_sizes() {
    add_size("memory_usage", "Resident memory.", kResident);
    add_size("memory_virtual", "Address space.", kVirtual);
  }

  void add_size(std::string_view name, std::string_view help, std::span<const std::string_view> others) {
    PlannedColumn column{.name = std::string(name), .unit = "By", .help = std::string(help)};
    if (is_own_ && is_fit(find(name), Type::integer)) return add(Where::figures, std::move(column), find(name));
    for (const std::string_view other : others)
      if (is_fit(find(other), Type::real)) {
        column.multiply = unit_of_plain(find(other));
        return add(Where::figures, std::move(column), find(other));
      }
    std::vector<std::string_view> stems(others.begin(), others.end());
    if (name == "memory_usage") stems.insert(stems.end(), {"memory", "mem", "memory_usage", "mem_usage"});
    for (const std::string_view stem : stems)
      for (const Size& size : kSizes) {
        const std::size_t source = find(std::string(stem) + std::string(size.ending));
        if (!is_fit(source, Type::real)) continue;
        column.multiply = size.bytes;
        return add(Where::figures, std::move(column), source);
      }
  }

  // What a size without a unit in its name is counted in.
  double unit_of_plain(std::size_t source) {
    const auto has_any = [this](const auto& names) {
      return std::ranges::any_of(names, [this](std::string_view name) { return find(name) != kNoSource; });
    };
    const bool is_of_psutil = has_any(kOfPsutil), is_of_ps = has_any(kOfPs) && !is_of_psutil;
    const bool is_bytes =
        is_of_psutil || (!is_of_ps && survey_.columns[source].profile.high >= kSurelyBytes);
    remarks_.push_back(survey_.columns[source].name + " is taken as " + (is_bytes ? "bytes" : "KiB") +
                       (is_of_psutil ? ", as psutil has it"
                        : is_of_ps   ? ", as ps has it"
                                     : ", by its magnitude"));
    return is_bytes ? 1 : 1024;
  }

  void add_line() {
    for (std::size_t index = 0; index < info_.columns.size(); ++index)
      if (info_.columns[index].name == "command" && !is_own_) {
        PlannedColumn line = info_.columns[index];
        line.name = "arguments";
        return add(Where::info, std::move(line), info_.rows.front().sources[index]);
      }
  }

  void add_rest() {
    for (std::size_t index = 0; index < names_.size(); ++index) {
      // Another recording's ticks say nothing here.
      if (is_taken_[index] || (is_own_ && is_stamp_name(names_[index]))) continue;
      PlannedColumn column = guessed_column(survey_, index);
      const bool is_text = column.type == Type::text || column.type == Type::timestamp;
      // Rows are told apart by pid alone.
      if (column.kind == Kind::key) column.kind = is_text ? Kind::text : Kind::gauge;
      const auto is_in = [&](const auto& list) { return std::ranges::find(list, column.name) != std::end(list); };
      if (is_own_ && is_in(kOwnCounters)) column.kind = Kind::counter, column.unit = "ns";
      if (is_own_ && is_in(kOwnBytes)) column.unit = "By";
      while (has(column.name) || is_stamp_name(column.name)) column.name += "_";
      add(is_own_ && is_in(kOwnInfo) ? Where::info : Where::figures, std::move(column), index);
    }
  }

  FilePlan finish() {
    FilePlan plan{.what = is_own_ ? "rows of the table process, as tacho writes them"
                                  : "a file with process ids"};
    if (!is_own_)
      remarks_.insert(remarks_.begin(), "pid is taken to say which process a row is about; one without a row at "
                                        "a time is taken to have ended");
    plan.remarks = std::move(remarks_);
    for (TablePlan* table : {&figures_, &info_}) table->is_filled = is_filled_;
    plan.tables.push_back(std::move(figures_));
    plan.tables.push_back(std::move(info_));
    return plan;
  }

  const Survey& survey_;
  std::vector<bool> is_taken_;
  std::vector<std::string> names_;  // of the file's columns, in lower case
  std::vector<std::string> remarks_;
  bool is_own_ = false, is_filled_ = true;
  TablePlan figures_{.name = "process", .help = "Processes: what they used.", .scope = "process",
                     .rows = {PlannedRow{}}};
  TablePlan info_{.name = "process_info", .help = "Processes: what they are.", .scope = "process",
                  .rows = {PlannedRow{}}};
  static constexpr TablePlan Processes::*kBoth[] = {&Processes::figures_, &Processes::info_};
};

std::optional<FilePlan> plan(const std::string&, const Survey& survey) { return Processes(survey).plan(); }

}  // namespace
const FileKind foreign_processes{plan};
}  // namespace tacho
