// SPDX-License-Identifier: Apache-2.0
#include "views/ps/differences.h"

#include <fmt/format.h>

#include <cstdlib>
#include <map>
#include <nlohmann/json.hpp>

#include "base/saturating.h"
#include "query/processes.h"
#include "views/missed.h"
#include "views/ps/json.h"
#include "views/ps/life_columns.h"

namespace tacho {
namespace {

// Of each kind, for people: more hide what matters.
constexpr std::size_t kMostShown = 10;

struct State {
  ProcessLife life;
  Figure memory;
};
// By number, so in the order in which they were first seen.
using States = std::map<std::uint64_t, State>;

struct Look {
  std::uint64_t tick = 0;
  std::int64_t time = 0;
  States states;
};

Figure plus(Figure a, Figure b) { return a || b ? Figure(saturating_sum(a.value_or(0), b.value_or(0))) : Figure(); }
Figure minus(Figure a, Figure b) { return a && b ? Figure(*a - *b) : Figure(); }

Result<Look> look_at(const Recording& recording, std::int64_t time) {
  const Batch batch = TRY(processes_at(recording, Nanoseconds(time)));
  Look look{.tick = 0, .time = time, .states = {}};
  const auto view = [&](std::string_view name) { return ColumnView(*batch, name); };
  const ColumnView tick = view("tick"), when = view("time"), number = view("process"),
                   user_time = view("cpu_time_user"), system_time = view("cpu_time_system"),
                   main_thread = view("cpu_time_main_thread"), threads = view("thread_count"),
                   memory = view("memory_usage"), peak = view("memory_peak"), pid = view("pid"),
                   parent = view("parent_pid"), start = view("start_time"), command = view("command"),
                   arguments = view("arguments"), user = view("user"), job = view("job"),
                   container = view("container"), unit = view("unit"), read = view("disk_io_read"),
                   written = view("disk_io_write"), io_read = view("io_read"), io_written = view("io_write");
  for (std::int64_t row = 0; row < row_count(*batch); ++row) {
    look.tick = tick.word(row);
    look.time = when.integer(row);
    State state{.life = {.number = number.word(row)}, .memory = memory.find_integer(row)};
    ProcessAbout& about = state.life.about;
    about = {.pid = pid.find_integer(row),
             .parent_pid = parent.find_integer(row),
             .start_time = start.find_integer(row),
             .command = std::string(command.text(row)),
             .arguments = std::string(arguments.text(row)),
             .user = std::string(user.text(row)),
             .job = std::string(job.text(row)),
             .container = std::string(container.text(row)),
             .unit = std::string(unit.text(row))};
    Figure cpu = plus(user_time.find_integer(row), system_time.find_integer(row));
    if (threads.find_integer(row).value_or(1) <= 1 && !main_thread.is_null(row))
      cpu = std::max(cpu.value_or(0), main_thread.integer(row));
    state.life.use = {.cpu_time = cpu,
                      .memory_peak = peak.find_integer(row),
                      .disk_read = read.find_integer(row),
                      .disk_written = written.find_integer(row),
                      .io_read = io_read.find_integer(row),
                      .io_written = io_written.find_integer(row)};
    const std::uint64_t key = state.life.number;
    look.states.emplace(key, std::move(state));
  }
  return look;
}

// What was used since `before`; a peak stays what it is.
void subtract(ProcessUse& use, const ProcessUse& before) {
  for (const auto figure : {&ProcessUse::cpu_time, &ProcessUse::disk_read, &ProcessUse::disk_written,
                            &ProcessUse::io_read, &ProcessUse::io_written}) {
    const Figure change = minus(use.*figure, before.*figure);
    use.*figure = change ? Figure(std::max<std::int64_t>(0, *change)) : change;
  }
}

struct Change {
  ProcessLife life;  // `use`: in between
  Figure memory, memory_change;
};

std::string change_text(Figure bytes) {
  if (!bytes || *bytes == 0) return "";
  return (*bytes < 0 ? "-" : "+") + format_size(std::abs(*bytes));
}

std::vector<ListColumn<ProcessLife>> columns_without(const Moments& moments,
                                                     std::initializer_list<std::string_view> names) {
  auto columns = life_columns(moments);
  std::erase_if(columns, [&](const auto& column) { return std::ranges::count(names, column.name) > 0; });
  return columns;
}

// The columns of a process, with how its memory changed.
std::vector<ListColumn<Change>> change_columns(const Moments& moments) {
  using Column = ListColumn<Change>;
  std::vector<Column> columns;
  for (const auto& column : columns_without(moments, {"end", "how", "lived"})) {
    if (column.name == "memory") {
      columns.push_back({.name = "memory",
                         .title = "CHANGE",
                         .align = Align::right,
                         .value = [](const Change& change) {
                           return SortValue::of(change.memory_change
                                                    ? Figure(std::abs(*change.memory_change))
                                                    : Figure());
                         },
                         .show = [](const Change& change) { return change_text(change.memory_change); }});
      columns.push_back({.name = "resident",
                         .title = "MEMORY",
                         .align = Align::right,
                         .value = [](const Change& change) { return SortValue::of(change.memory); },
                         .show = [](const Change& change) {
                           return change.memory ? format_size(*change.memory) : "";
                         }});
      continue;
    }
    columns.push_back(
        {.name = column.name,
         .title = column.title,
         .align = column.align,
         .first = column.first == ListColumn<ProcessLife>::First::largest ? Column::First::largest
                                                                          : Column::First::smallest,
         .value = [value = column.value](const Change& change) { return value(change.life); },
         .show = [show = column.show](const Change& change) { return show(change.life); },
         .goes = column.goes,
         .only_when_sorted = column.only_when_sorted || column.name == "start"});
  }
  return columns;
}

template <class Row>
struct Section {
  Section(std::string_view name, std::string title, std::vector<ListColumn<Row>> all,
          std::string_view sort, bool reverse, std::size_t most)
      : name(name), title(std::move(title)), columns(std::move(all)) {
    // That there is such a column was looked at before.
    const auto order = order_of(columns, sort, reverse);
    if (order) sorted = *order;
    rows.emplace(columns[sorted.column], sorted.is_turned, most);
  }
  std::string_view name;
  std::string title;
  std::vector<ListColumn<Row>> columns;
  ListOrder sorted;
  std::optional<FirstRows<Row>> rows;
};

template <class Row>
void print_section(Section<Row>& section, bool& is_first, Output& output) {
  const std::size_t count = section.rows->count();
  if (count == 0) return;
  output.write(std::string(is_first ? "" : "\n") + std::string(output.bold()) + section.title +
               std::string(output.plain()) + fmt::format(": {}\n", count));
  is_first = false;
  const auto rows = section.rows->take();
  print_rows(section.columns, section.sorted.column, rows, output, "  ");
  if (rows.size() < count)
    print_remark(fmt::format("  and {} more: --limit {} shows all", count - rows.size(), count), output);
}

const ProcessLife& life_of(const ProcessLife& life) { return life; }
const ProcessLife& life_of(const Change& change) { return change.life; }

template <class Row>
void print_json_section(Section<Row>& section, Zone zone, Output& output) {
  const std::size_t count = section.rows->count();
  const auto rows = section.rows->take();
  output.write(fmt::format(",\n  \"{}\": {{\n    \"count\": {},\n    \"processes\": [", section.name, count));
  std::string_view between = "\n      ";
  for (const Row& row : rows) {
    std::string text = life_json(life_of(row), zone);
    if constexpr (std::is_same_v<Row, Change>) {
      text.pop_back();
      text += ",\"memory_usage\":" + number_json(row.memory).dump() +
              ",\"memory_usage_change\":" + number_json(row.memory_change).dump() + "}";
    }
    output.write(std::string(between) + text);
    between = ",\n      ";
  }
  output.write(rows.empty() ? "]\n  }" : "\n    ]\n  }");
}

class Differences {
 public:
  Differences(const Moments& moments, const LedgerOptions& options)
      : options_(options),
        most_(options.limit.value_or(options.as_json ? kMostExited : kMostShown)),
        born_("born", "Born, and still there", columns_without(moments, {"end", "how", "lived"}),
              sort("start"), options.reverse, most_),
        ended_("ended", "Ended", columns_without(moments, {"start", "lived"}), sort("end"),
               options.reverse, most_),
        passed_("born_and_ended", "Born and ended in between", columns_without(moments, {"lived"}),
                sort("end"), options.reverse, most_),
        by_memory_("changed", options.sort.empty() ? "Largest changes of memory" : "Changed",
                   change_columns(moments), sort("memory"), options.reverse, most_),
        by_cpu_("most_cpu", "Most CPU time in between", change_columns(moments), sort("cpu"),
                options.reverse, most_) {}

  Result<void> find(const Recording& recording, Look& before, Look& after) {
    for (auto& [number, state] : after.states) {
      const auto old = before.states.find(number);
      if (!state.life.about.contains(options_.find)) continue;
      if (old == before.states.end()) {
        born_.rows->add(state.life);
      } else {
        add_change(state, old->second);
      }
    }
    const std::int64_t around = latest_delay(recording.facts());
    const LivesWanted wanted{.which = LivesWanted::Which::ended,
                             .from = saturating_difference(before.time, around),
                             .to = saturating_sum(after.time, around)};
    TRY(each_life(recording, wanted, [&](const ProcessLife& life) {
      if (life.end->tick > before.tick && life.end->tick <= after.tick) add_ended(life, before);
    }));
    // Those whose end the recording has not.
    for (auto& [number, state] : before.states)
      if (!after.states.contains(number) && state.life.about.contains(options_.find)) {
        state.life.use = {};
        ended_.rows->add(state.life);
      }
    return {};
  }

  bool is_empty() const {
    return born_.rows->count() + ended_.rows->count() + passed_.rows->count() +
               by_memory_.rows->count() + by_cpu_.rows->count() == 0;
  }

  void print(const Look& before, const Look& after, const MissedProcesses& missed, Output& output) {
    const std::string counts = fmt::format(
        "{}: {} born and still there, {} ended, {} born and ended in between; {}",
        span_text(before.time, after.time, options_.zone), born_.rows->count(), ended_.rows->count(),
        passed_.rows->count(), to_text(missed));
    bool is_first = true;
    print_section(born_, is_first, output);
    print_section(ended_, is_first, output);
    print_section(passed_, is_first, output);
    print_section(by_memory_, is_first, output);
    // With an order of one's own one list is enough.
    if (options_.sort.empty()) print_section(by_cpu_, is_first, output);
    if (!is_first) output.write("\n");
    print_remark(counts, output);
  }

  void print_json(const Recording& recording, const Look& before, const Look& after, Output& output) {
    output.write("{\n  \"from\": " + moment_json(before.time, options_.zone) + ",\n  \"to\": " +
                 moment_json(after.time, options_.zone) + ",\n  \"missed\": " + missed_json(recording));
    print_json_section(born_, options_.zone, output);
    print_json_section(ended_, options_.zone, output);
    print_json_section(passed_, options_.zone, output);
    print_json_section(by_memory_, options_.zone, output);
    output.write("\n}\n");
  }

 private:
  std::string_view sort(std::string_view otherwise) const {
    return options_.sort.empty() ? otherwise : std::string_view(options_.sort);
  }

  void add_change(State& state, const State& old) {
    Change change{.life = std::move(state.life),
                  .memory = state.memory,
                  .memory_change = minus(state.memory, old.memory)};
    subtract(change.life.use, old.life.use);
    const bool changes_memory = change.memory_change.value_or(0) != 0;
    const bool works = change.life.use.cpu_time.value_or(0) > 0;
    // Where there is one list alone, it has both.
    if (changes_memory || (works && (options_.as_json || !options_.sort.empty())))
      by_memory_.rows->add(change);
    if (works) by_cpu_.rows->add(change);
  }

  void add_ended(const ProcessLife& life, Look& before) {
    const auto old = before.states.find(life.number);
    const bool is_wanted = life.about.contains(options_.find);
    if (old == before.states.end()) {
      if (is_wanted) passed_.rows->add(life);
      return;
    }
    ProcessLife rest = life;
    subtract(rest.use, old->second.life.use);
    before.states.erase(old);
    if (is_wanted) ended_.rows->add(rest);
  }

  const LedgerOptions& options_;
  std::size_t most_;
  Section<ProcessLife> born_, ended_, passed_;
  Section<Change> by_memory_, by_cpu_;
};

}  // namespace

Result<bool> show_differences(const Recording& recording, std::int64_t first, std::int64_t second,
                              const LedgerOptions& options, Output& output) {
  Look before = TRY(look_at(recording, first));
  Look after = TRY(look_at(recording, second));
  const Moments moments(options.zone, Nanoseconds(before.time), Nanoseconds(after.time));
  if (!options.sort.empty()) (void)TRY(order_of(change_columns(moments), options.sort, false));
  Differences differences(moments, options);
  TRY(differences.find(recording, before, after));
  if (options.as_json) {
    differences.print_json(recording, before, after, output);
  } else {
    differences.print(before, after, TRY(missed_of(recording)), output);
  }
  return !differences.is_empty();
}

}  // namespace tacho
