// SPDX-License-Identifier: Apache-2.0
#include "views/ps/sums.h"

#include <fmt/format.h>

#include <array>
#include <map>
#include <nlohmann/json.hpp>

#include "base/saturating.h"
#include "views/missed.h"
#include "views/ps/json.h"
#include "views/ps/listing.h"

namespace tacho {
namespace {

// Groups that are told apart: a job's or container's id comes again and again, and names of 15 bytes
// could be as many as processes. Beyond it all go into one; a group takes about 300 bytes.
constexpr std::size_t kMostGroups = 100'000;

struct Named {
  std::string_view name;
  std::string_view title;
  std::string ProcessAbout::*text;
};
constexpr std::array<Named, 5> kBy = {Named{"command", "NAME", &ProcessAbout::command},
                                      Named{"job", "JOB", &ProcessAbout::job},
                                      Named{"container", "CONTAINER", &ProcessAbout::container},
                                      Named{"unit", "UNIT", &ProcessAbout::unit},
                                      Named{"user", "USER", &ProcessAbout::user}};

// A sum of what is known, and of how many it is not.
struct Sum {
  std::int64_t value = 0;
  std::uint64_t known = 0, unknown = 0;
  void add(Figure figure) {
    add_up(value, figure.value_or(0));
    ++(figure ? known : unknown);
  }
  Figure figure() const { return known > 0 ? Figure(value) : Figure(); }
};

struct Group {
  enum class Kind : std::uint8_t { named, none, rest } kind = Kind::named;
  std::string name;
  std::uint64_t processes = 0, ended = 0, last_seen = 0;
  Sum cpu, disk_read, disk_written, io_read, io_written;
  Figure peak;
  Figure peak_pid;
  std::uint64_t peak_unknown = 0;

  void add(const ProcessLife& life) {
    ++processes;
    if (life.end) ++ended;
    if (life.end && !life.end->is_account) ++last_seen;
    cpu.add(life.use.cpu_time);
    disk_read.add(life.use.disk_read);
    disk_written.add(life.use.disk_written);
    io_read.add(life.use.io_read);
    io_written.add(life.use.io_written);
    if (!life.use.memory_peak) ++peak_unknown;
    if (!life.use.memory_peak || (peak && *peak >= *life.use.memory_peak)) return;
    peak = life.use.memory_peak;
    peak_pid = life.about.pid;
  }
  std::string label() const {
    return kind == Kind::named ? name : kind == Kind::none ? "(none or unknown)" : "(all others)";
  }
};

class Groups {
 public:
  explicit Groups(std::string ProcessAbout::*text) : text_(text) { rest_.kind = Group::Kind::rest; }

  void add(const ProcessLife& life) {
    all_.add(life);
    const std::string& name = life.about.*text_;
    auto found = groups_.find(name);
    if (found == groups_.end()) {
      if (groups_.size() >= kMostGroups) {
        rest_.add(life);
        return;
      }
      found = groups_.emplace(name, Group()).first;
      found->second.name = name;
      if (name.empty()) found->second.kind = Group::Kind::none;
    }
    found->second.add(life);
  }
  const Group& all() const { return all_; }
  template <class Take>
  void each(const Take& take) const {
    for (const auto& [name, group] : groups_) take(group);
    if (rest_.processes > 0) take(rest_);
  }

 private:
  std::string ProcessAbout::*text_;
  std::map<std::string, Group> groups_;  // by name: equal ones are shown in this order
  Group all_, rest_;
};

// Of some the figure is unknown: the sum is at least this.
std::string sum_text(const Sum& sum, std::string (*show)(std::int64_t)) {
  if (sum.known == 0) return "";
  return (sum.unknown > 0 ? "≥ " : "") + show(sum.value);
}

std::vector<ListColumn<Group>> columns_by(const Named& by) {
  using Column = ListColumn<Group>;
  const auto count = [](std::string_view name, std::string_view title, std::uint64_t Group::*figure) {
    return Column{.name = name,
                  .title = title,
                  .align = Align::right,
                  .value = [figure](const Group& group) {
                    return SortValue::of(static_cast<std::int64_t>(group.*figure));
                  },
                  .show = [figure](const Group& group) { return fmt::format("{}", group.*figure); }};
  };
  const auto sum = [](std::string_view name, std::string_view title, Sum Group::*figure,
                      std::string (*show)(std::int64_t), int goes) {
    return Column{.name = name,
                  .title = title,
                  .align = Align::right,
                  .value = [figure](const Group& group) { return SortValue::of((group.*figure).figure()); },
                  .show = [figure, show](const Group& group) { return sum_text(group.*figure, show); },
                  .goes = goes};
  };
  return {count("count", "PROCESSES", &Group::processes),
          count("ended", "ENDED", &Group::ended),
          sum("cpu", "CPU TIME", &Group::cpu, duration_text, 0),
          Column{.name = "memory",
                 .title = "PEAK",
                 .align = Align::right,
                 .value = [](const Group& group) { return SortValue::of(group.peak); },
                 .show = [](const Group& group) {
                   if (!group.peak) return std::string();
                   return (group.peak_unknown > 0 ? "≥ " : "") + format_size(*group.peak);
                 }},
          sum("read", "READ", &Group::disk_read, format_size, 2),
          sum("write", "WRITTEN", &Group::disk_written, format_size, 1),
          Column{.name = by.name,
                 .title = by.title,
                 .first = Column::First::smallest,
                 .value = [](const Group& group) { return SortValue::of(std::string_view(group.name)); },
                 .show = [](const Group& group) { return group.label(); }}};
}

nlohmann::ordered_json group_json(const Named& by, const Group& group) {
  using Json = nlohmann::ordered_json;
  Json json;
  json[std::string(by.name)] = group.kind == Group::Kind::named ? Json(group.name) : Json();
  if (group.kind == Group::Kind::rest) json["all_others"] = true;
  json["processes"] = group.processes;
  json["ended"] = group.ended;
  json["figures_last_seen"] = group.last_seen;
  const auto add = [&json](const std::string& name, Figure figure, std::uint64_t unknown) {
    json[name] = number_json(figure);
    json[name + "_unknown"] = unknown;
  };
  add("cpu_time", group.cpu.figure(), group.cpu.unknown);
  add("memory_peak", group.peak, group.peak_unknown);
  json["memory_peak_pid"] = number_json(group.peak_pid);
  add("disk_io_read", group.disk_read.figure(), group.disk_read.unknown);
  add("disk_io_write", group.disk_written.figure(), group.disk_written.unknown);
  add("io_read", group.io_read.figure(), group.io_read.unknown);
  add("io_write", group.io_written.figure(), group.io_written.unknown);
  return json;
}

void print_json(const Recording& recording, const Named& by, const LedgerOptions& options,
                std::string_view sort, const std::vector<Group>& rows, std::size_t groups,
                const Group& all, Output& output) {
  using Json = nlohmann::ordered_json;
  const auto [from, to] = span_of(recording, options);
  const auto text = [](const Json& json) {
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
  };
  Json totals = group_json(by, all);
  totals.erase(std::string(by.name));
  output.write("{\n  \"from\": " + moment_json(from, options.zone) +
               ",\n  \"to\": " + moment_json(to, options.zone) +
               fmt::format(",\n  \"by\": \"{}\",\n  \"groups\": {},\n  \"shown\": {},\n  \"sort\": \"{}\"",
                           by.name, groups, rows.size(), sort) +
               ",\n  \"missed\": " + missed_json(recording) + ",\n  \"totals\": " + text(totals) +
               ",\n  \"sums\": [");
  std::string_view between = "\n    ";
  for (const Group& group : rows) {
    output.write(std::string(between) + text(group_json(by, group)));
    between = ",\n    ";
  }
  output.write(rows.empty() ? "]\n}\n" : "\n  ]\n}\n");
}

void print_totals(const Group& all, const std::string& span, const MissedProcesses& missed, Output& output) {
  std::string text = fmt::format("{} process{} lived {}, {} of them ended; {}", all.processes,
                                 all.processes == 1 ? "" : "es", span, all.ended, to_text(missed));
  print_remark(text, output);
  std::string of = "PEAK: the highest of any one process";
  if (all.cpu.unknown + all.peak_unknown + all.disk_read.unknown > 0)
    of += " · ≥: of some processes the figure is unknown";
  print_remark(of, output);
  if (all.last_seen > 0)
    print_remark(fmt::format("of {} the figures are those last seen, not those at the end (source "
                             "connector or poll)",
                             all.last_seen),
                 output);
}

}  // namespace

Result<SumBy> parse_sum_by(std::string_view text) {
  for (std::size_t index = 0; index < kBy.size(); ++index)
    if (kBy[index].name == text) return static_cast<SumBy>(index);
  return Error{ErrorCode::invalid, "--by is command, job, container, unit or user; for example --by command"};
}

Result<bool> show_sums(const Recording& recording, SumBy which, bool counts_before,
                       const LedgerOptions& options, Output& output) {
  const Named& by = kBy[static_cast<std::size_t>(which)];
  const auto columns = columns_by(by);
  const ListOrder order = TRY(order_of(columns, options.sort.empty() ? "cpu" : options.sort, options.reverse));
  Groups groups(by.text);
  TRY(each_life(recording,
                {.which = LivesWanted::Which::all,
                 .from = options.from,
                 .to = options.to,
                 .counts_before = counts_before},
                [&](const ProcessLife& life) {
                  if (life.about.contains(options.find)) groups.add(life);
                }));
  FirstRows<Group> first(columns[order.column], order.is_turned, options.limit.value_or(kMostExited));
  groups.each([&](const Group& group) { first.add(group); });
  const std::size_t count = first.count();
  const auto rows = first.take();
  if (options.as_json) {
    print_json(recording, by, options, columns[order.column].name, rows, count, groups.all(), output);
    return count > 0;
  }
  if (!rows.empty()) print_rows(columns, order.column, rows, output);
  const auto [from, to] = span_of(recording, options);
  print_totals(groups.all(), span_text(from, to, options.zone), TRY(missed_of(recording)), output);
  if (count > rows.size())
    print_remark(
        fmt::format("the first {} of {} are shown; --limit {} shows all", rows.size(), count, count),
        output);
  return count > 0;
}

}  // namespace tacho
