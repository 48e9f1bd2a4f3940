// SPDX-License-Identifier: Apache-2.0
#include "recorder/late_mark.h"

#include <fcntl.h>
#include <sys/file.h>

#include <algorithm>

#include "base/saturating.h"
#include "base/text.h"
#include "base/units.h"
#include "collectors/events.h"
#include "collectors/registry.h"
#include "journal/encoder.h"
#include "journal/format.h"
#include "journal/journal_file.h"

namespace tacho {
namespace {

constexpr std::string_view kEventTable = "event";

Result<Stamp> stamp_of(const RecordingFacts& facts, std::int64_t time) {
  const std::int64_t since = saturating_difference(time, facts.start_time);
  const bool is_after = facts.end_time && time > *facts.end_time;
  if (since < 0 || is_after)
    return Error{ErrorCode::invalid,
                 "the recording goes from " + format_time(Nanoseconds(facts.start_time), Zone::local) +
                     (facts.end_time ? " to " + format_time(Nanoseconds(*facts.end_time), Zone::local)
                                     : std::string()) +
                     "; --at names a time inside"};
  return Stamp{.tick = static_cast<std::uint64_t>(since / std::max<std::int64_t>(facts.interval, 1)),
               .time = time,
               .boottime = saturating_sum(facts.start_boottime, since)};
}

// One above every number there is, so that no sealer or reader takes it for another's.
Result<std::uint32_t> next_number(int folder) {
  std::uint32_t number = 0;
  for (const std::string& name : TRY(list_folder(folder)))
    if (const auto segment = parse_segment_name(name)) number = std::max(number, segment->number);
  return number + 1;
}

// The row, by the event collector itself, so that the columns are named in one place.
Result<Bytes> encode_event(const CollectorInfo& info, const Event& event, const Stamp& stamp) {
  EventQueue queue;
  Settings settings;
  SystemClock clock;
  const Root root = TRY(Root::open());
  const CollectorEnvironment environment{
      .root = root, .settings = settings, .clock = clock, .events = &queue};
  const auto collector = TRY(info.create(environment));
  queue.push(event);
  Rows rows(*info.tables[0]);
  rows.begin(stamp);
  Collection collection(std::span(&rows, 1), false, clock);
  TRY(collector->collect(collection));
  BatchEncoder encoder = TRY(BatchEncoder::create(*info.tables[0]));
  Bytes message;
  encoder.encode(rows, message);
  encoder.finish(message, 0);
  return message;
}

}  // namespace

Result<void> add_late_mark(const std::string& path, const RecordingFacts& facts, const Mark& mark) {
  SystemClock clock;
  const Stamp stamp =
      TRY(stamp_of(facts, mark.time.value_or(facts.end_time.value_or(clock.now().time.count()))));
  Event event{.name = "mark", .body = escaped(mark.text)};
  event.time = Nanoseconds(stamp.time);
  event.boottime = Nanoseconds(stamp.boottime);
  if (mark.until) event.end_time = Nanoseconds(*mark.until);
  const auto collectors = all_collectors();
  const auto info = std::ranges::find(collectors, kEventTable, &CollectorInfo::name);
  if (info == collectors.end()) return Error{ErrorCode::bug, "there is no event collector"};
  const Bytes message = TRY(encode_event(**info, event, stamp));
  const FileDescriptor folder(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder) return last_system_error("open the recording", path);
  if (flock(folder.get(), LOCK_EX | LOCK_NB) != 0)
    return Error{ErrorCode::exhausted, "the recording is still being written: " + path};
  const FileDescriptor place = TRY(open_or_make_folder(folder.get(), std::string(kEventTable)));
  const std::uint32_t number = TRY(next_number(place.get()));
  const Bytes schema = TRY(encode_schema(*(*info)->tables[0], facts.id, number));
  JournalFile file = TRY(JournalFile::create(place.get(), live_name(number), schema));
  TRY(file.append(message));
  return file.sync();
}

}  // namespace tacho
