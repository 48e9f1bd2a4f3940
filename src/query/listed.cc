// SPDX-License-Identifier: Apache-2.0
#include "query/listed.h"

#include <arrow/builder.h>

#include <algorithm>
#include <set>

#include "base/saturating.h"
#include "journal/format.h"
#include "query/predicate.h"
#include "store/arrow_glue.h"
#include "store/recording_folder.h"

namespace tacho {
namespace {

constexpr std::string_view kLabel = "label.";

using Recordings = std::vector<ListedRecording>;
template <class Value>
using ValueOf = std::function<std::optional<Value>(const ListedRecording&)>;

class Columns {
 public:
  explicit Columns(const Recordings& recordings) : recordings_(recordings) {}

  Result<void> text(const std::string& name, const ValueOf<std::string>& value_of) {
    arrow::StringBuilder builder(reading_pool());
    return add(name, "", arrow::utf8(), builder, value_of);
  }
  Result<void> number(const std::string& name, const char* unit, const ValueOf<std::int64_t>& value_of) {
    arrow::Int64Builder builder(reading_pool());
    return add(name, unit, arrow::int64(), builder, value_of);
  }
  Result<void> time(const std::string& name, const ValueOf<std::int64_t>& value_of) {
    const auto type = arrow::timestamp(arrow::TimeUnit::NANO, "UTC");
    arrow::TimestampBuilder builder(type, reading_pool());
    return add(name, "", type, builder, value_of);
  }

  Batch batch() const {
    return arrow::RecordBatch::Make(arrow::schema(fields_), static_cast<std::int64_t>(recordings_.size()),
                                    arrays_);
  }

 private:
  template <class Builder, class Value>
  Result<void> add(const std::string& name, const char* unit, std::shared_ptr<arrow::DataType> type,
                   Builder& builder, const ValueOf<Value>& value_of) {
    for (const ListedRecording& recording : recordings_) {
      const auto value = recording.trouble.empty() ? value_of(recording) : std::nullopt;
      TRY(checked(value ? builder.Append(*value) : builder.AppendNull(), name));
    }
    arrays_.push_back(TRY(checked(builder.Finish(), name)));
    const auto metadata = *unit == '\0' ? nullptr : arrow::key_value_metadata({std::string(kKeyUnit)}, {unit});
    fields_.push_back(arrow::field(name, std::move(type), true, metadata));
    return {};
  }

  const Recordings& recordings_;
  arrow::FieldVector fields_;
  arrow::ArrayVector arrays_;
};

std::optional<std::int64_t> length_of(const ListedRecording& recording) {
  const auto& end = recording.facts.end_boottime;
  return end ? std::optional(saturating_difference(*end, recording.facts.start_boottime)) : std::nullopt;
}

std::optional<std::int64_t> size_of(const ListedRecording& recording) {
  const auto folder = RecordingFolder::open(recording.path);
  return folder ? std::optional(static_cast<std::int64_t>(folder->size())) : std::nullopt;
}

std::optional<std::string> command_of(const ListedRecording& recording) {
  if (!recording.facts.command) return std::nullopt;
  std::string line;
  for (const std::string& argument : recording.facts.command->arguments)
    line.append(line.empty() ? "" : " ").append(argument);
  return line;
}

// Of the command's end: its exit status, or the signal.
ValueOf<std::int64_t> end_of(std::optional<int> CommandEnd::*member) {
  return [member](const ListedRecording& recording) -> std::optional<std::int64_t> {
    const auto& command = recording.facts.command;
    return command && command->end ? std::optional<std::int64_t>((*command->end).*member) : std::nullopt;
  };
}

Result<void> add_labels(Columns& columns, const std::set<std::string>& keys) {
  for (const std::string& key : keys)
    TRY(columns.text(std::string(kLabel) + key, [&key](const auto& recording) {
      const auto found = recording.facts.labels.find(key);
      return found == recording.facts.labels.end() ? std::nullopt : std::optional(found->second);
    }));
  return {};
}

Result<Batch> rows_of(const Recordings& recordings, const std::vector<std::string>& wanted) {
  Columns columns(recordings);
  TRY(columns.text("id", [](const auto& each) { return each.facts.id; }));
  TRY(columns.text("name", [](const auto& each) { return each.facts.name; }));
  TRY(columns.text("path", [](const auto& each) { return each.path; }));
  TRY(columns.text("command", command_of));
  TRY(columns.text("host", [](const auto& each) { return each.facts.host.name; }));
  TRY(columns.number("user", "", [](const auto& each) { return each.facts.user; }));
  TRY(columns.time("start", [](const auto& each) { return each.facts.start_time; }));
  TRY(columns.time("end", [](const auto& each) { return each.facts.end_time; }));
  TRY(columns.number("length", "ns", length_of));
  // Looks at every file of every recording.
  const bool has_size = std::ranges::find(wanted, "size") != wanted.end();
  TRY(columns.number("size", "By", has_size ? size_of : ValueOf<std::int64_t>([](const auto&) {
    return std::optional<std::int64_t>();
  })));
  TRY(columns.number("exit_code", "", end_of(&CommandEnd::exit_code)));
  TRY(columns.number("signal", "", end_of(&CommandEnd::signal)));
  std::set<std::string> keys;
  for (const ListedRecording& recording : recordings)
    for (const auto& [key, value] : recording.facts.labels) keys.insert(key);
  // One that no recording has is null everywhere: no recording is labelled so, which is no error.
  for (const std::string& name : wanted)
    if (name.starts_with(kLabel)) keys.insert(name.substr(kLabel.size()));
  TRY(add_labels(columns, keys));
  return columns.batch();
}

}  // namespace

Result<std::vector<std::uint8_t>> matching(const Recordings& recordings, std::string_view where,
                                           Nanoseconds now) {
  auto predicate = TRY(Predicate::parse(where, now));
  const Batch rows = TRY(rows_of(recordings, predicate.columns()));
  TRY(predicate.bind(*rows->schema()));
  auto matches = predicate.evaluate(*rows);
  for (std::size_t index = 0; index < recordings.size(); ++index)
    if (!recordings[index].trouble.empty()) matches[index] = 0;  // "is null" is not known either
  return matches;
}

}  // namespace tacho
