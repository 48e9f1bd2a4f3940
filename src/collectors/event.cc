// SPDX-License-Identifier: Apache-2.0
// What happened beside the figures: marks, clock steps, missed ticks, losses, failed writes. Takes
// what the recorder, the collectors and `tacho mark` left in the EventQueue since the last tick.
// Units  both clocks in ns; an event that names no time happened when it was collected.
#include "collectors/collector.h"
#include "collectors/events.h"

namespace tacho::collector_event {
namespace {

constexpr Column kColumns[] = {
    text("name", "What kind of event: mark, clock.step, suspend, tick.missed, rows.dropped ..."),
    text("severity", "debug, info, warning or error."),
    text("body", "What happened, for people."),
    text("about", "The table it is about, where it is about one."),
    gauge("count", Unit::count, "How many (rows, ticks): what the name counts."),
    {"event_time", Type::timestamp, Kind::gauge, Unit::nanoseconds, "When it happened (UTC)."},
    gauge("event_boottime", Unit::nanoseconds, "When it happened, since boot."),
    {"end_time", Type::timestamp, Kind::gauge, Unit::nanoseconds,
     "When the phase ended that began at event_time; null for a moment."}};

constexpr Table kEvent{.name = "event",
                       .help = "What happened beside the figures; also what the recorder lost.",
                       .columns = kColumns,
                       .scope = "recorder"};

class Events final : public Collector {
 public:
  explicit Events(EventQueue& queue) : queue_(queue) {}

  static Result<std::unique_ptr<Collector>> create(const CollectorEnvironment& environment) {
    if (environment.events == nullptr)
      return Error{ErrorCode::bug, "the event collector was given no queue"};
    return std::unique_ptr<Collector>(std::make_unique<Events>(*environment.events));
  }

  Result<void> collect(Collection& into) override {
    Rows& rows = into.rows();
    queue_.drain([&rows](const Event& event) { append(rows, event); });
    return {};
  }

 private:
  static void append(Rows& rows, const Event& event) {
    const bool timed = event.time != Nanoseconds::zero();
    const auto about = event.table.empty() ? std::optional<std::string_view>()
                                           : std::optional<std::string_view>(event.table);
    const auto end = event.end_time ? std::optional(event.end_time->count()) : std::nullopt;
    rows.append(event.name, name_of(event.severity), event.body, about, event.count,
                timed ? event.time.count() : rows.stamp().time,
                timed ? boottime_of(event, rows) : rows.stamp().boottime, end);
  }

  // A mark that names the past says it by the wall clock only.
  static std::int64_t boottime_of(const Event& event, const Rows& rows) {
    if (event.boottime != Nanoseconds::zero()) return event.boottime.count();
    return rows.stamp().boottime - (rows.stamp().time - event.time.count());
  }

  EventQueue& queue_;
};

constexpr const Table* kTables[] = {&kEvent};

}  // namespace

extern const CollectorInfo info;
constinit const CollectorInfo info{.tables = kTables, .create = Events::create};

}  // namespace tacho::collector_event
