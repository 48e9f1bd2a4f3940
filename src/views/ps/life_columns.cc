// SPDX-License-Identifier: Apache-2.0
#include "views/ps/life_columns.h"

#include <fmt/format.h>

#include "base/saturating.h"
#include "views/ps/ending.h"

namespace tacho {
namespace {

using Life = ProcessLife;
using First = LifeColumn::First;

Figure start_of(const Life& life) { return life.about.start_time; }
Figure end_of(const Life& life) { return life.end ? Figure(life.end->time) : Figure(); }
Figure pid_of(const Life& life) { return life.about.pid; }
Figure lived(const Life& life) {
  if (!life.end || !life.about.start_time) return std::nullopt;
  return std::max<std::int64_t>(0, saturating_difference(life.end->time, *life.about.start_time));
}

// Signals first, then statuses from high to low: failures are looked for.
Figure rank_of_end(const Life& life) {
  constexpr std::int64_t kAboveStatuses = 256;
  if (!life.end) return std::nullopt;
  if (life.end->signal.value_or(0) != 0) return kAboveStatuses + *life.end->signal;
  return life.end->exit_code;
}

std::string size_text(Figure bytes) { return bytes ? format_size(*bytes) : ""; }
std::string time_text(Figure nanoseconds) { return nanoseconds ? duration_text(*nanoseconds) : ""; }

std::string moment_text(Figure time, const Moments& moments) {
  return time ? moments.text(Nanoseconds(*time), 3) : "";
}

// A tick tells no more than that it was gone then.
std::string end_text(const Life& life, const Moments& moments) {
  if (!life.end) return "";
  return (life.end->is_exact ? "" : "≤ ") + moment_text(life.end->time, moments);
}

LifeColumn column(std::string_view name, std::string_view title, Align align,
                  Figure (*figure)(const Life&), std::function<std::string(const Life&)> show) {
  return {.name = name,
          .title = title,
          .align = align,
          .value = [figure](const Life& life) { return SortValue::of(figure(life)); },
          .show = std::move(show)};
}

LifeColumn use(std::string_view name, std::string_view title, Figure ProcessUse::*figure,
               std::string (*show)(Figure), int goes) {
  return {.name = name,
          .title = title,
          .align = Align::right,
          .value = [figure](const Life& life) { return SortValue::of(life.use.*figure); },
          .show = [figure, show](const Life& life) { return show(life.use.*figure); },
          .goes = goes};
}

LifeColumn word(std::string_view name, std::string_view title, std::string ProcessAbout::*text) {
  return {.name = name,
          .title = title,
          .first = First::smallest,
          .value = [text](const Life& life) { return SortValue::of(std::string_view(life.about.*text)); },
          .show = [text](const Life& life) { return life.about.*text; },
          .only_when_sorted = true};
}

}  // namespace

std::vector<LifeColumn> life_columns(const Moments& moments) {
  LifeColumn pid = column("pid", "PID", Align::right, pid_of, [](const Life& life) {
    return life.about.pid ? fmt::format("{}", *life.about.pid) : "";
  });
  pid.first = First::smallest;
  LifeColumn start = column("start", "START", Align::left, start_of, [moments](const Life& life) {
    return moment_text(start_of(life), moments);
  });
  start.goes = 4;
  LifeColumn length = column("lived", "LIVED", Align::right, lived,
                             [](const Life& life) { return time_text(lived(life)); });
  length.only_when_sorted = true;
  LifeColumn arguments = word("arguments", "COMMAND", &ProcessAbout::arguments);
  arguments.show = [](const Life& life) { return life.about.label(); };
  arguments.only_when_sorted = false;
  return {pid,
          start,
          column("end", "END", Align::left, end_of,
                 [moments](const Life& life) { return end_text(life, moments); }),
          length,
          column("how", "HOW", Align::left, rank_of_end,
                 [](const Life& life) { return life.end ? how_ended(*life.end) : ""; }),
          use("cpu", "CPU TIME", &ProcessUse::cpu_time, time_text, 0),
          use("memory", "PEAK", &ProcessUse::memory_peak, size_text, 1),
          use("read", "READ", &ProcessUse::disk_read, size_text, 3),
          use("write", "WRITTEN", &ProcessUse::disk_written, size_text, 2),
          word("user", "USER", &ProcessAbout::user),
          word("job", "JOB", &ProcessAbout::job),
          word("container", "CONTAINER", &ProcessAbout::container),
          word("unit", "UNIT", &ProcessAbout::unit),
          word("command", "NAME", &ProcessAbout::command),
          arguments};
}

}  // namespace tacho
