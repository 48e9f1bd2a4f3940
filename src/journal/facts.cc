// SPDX-License-Identifier: Apache-2.0
#include "journal/facts.h"

#include <nlohmann/json.hpp>
#include <type_traits>
#include <utility>

#include "journal/format.h"

namespace tacho {
namespace {

constexpr const char* kWasRecording = "was_recording_when_packed";

using Json = nlohmann::ordered_json;

template <class Value>
void put(Json& json, const char* name, const std::optional<Value>& value) {
  if (value) json[name] = *value;
}

// The library takes any number for any other, as far as its bits go.
template <class Value>
Value value_of(const Json& json) {
  if constexpr (std::is_integral_v<Value> && !std::is_same_v<Value, bool>) {
    const bool fits = json.is_number_unsigned() ? std::in_range<Value>(json.get<std::uint64_t>())
                                                : json.is_number_integer() &&
                                                      std::in_range<Value>(json.get<std::int64_t>());
    if (!fits) throw Json::out_of_range::create(406, "number is no integer that fits", &json);
  }
  return json.get<Value>();
}

template <class Value>
void get(const Json& json, const char* name, Value& value) {
  const auto found = json.find(name);
  if (found != json.end() && !found->is_null()) value = value_of<Value>(*found);
}

template <class Value>
void get(const Json& json, const char* name, std::optional<Value>& value) {
  const auto found = json.find(name);
  if (found != json.end() && !found->is_null()) value = value_of<Value>(*found);
}

Json to_json(const CommandFacts& command) {
  Json json{{"arguments", command.arguments},
            {"folder", command.folder},
            {"pid", command.pid},
            {"start_time", command.start_time},
            {"start_boottime", command.start_boottime}};
  put(json, "end_time", command.end_time);
  put(json, "end_boottime", command.end_boottime);
  if (command.end) {
    Json end;
    put(end, "exit_code", command.end->exit_code);
    put(end, "signal", command.end->signal);
    end["core_dumped"] = command.end->core_dumped;
    end["timed_out"] = command.end->timed_out;
    json["end"] = std::move(end);
  }
  put(json, "cpu_time_user", command.cpu_time_user);
  put(json, "cpu_time_system", command.cpu_time_system);
  put(json, "memory_peak", command.memory_peak);
  put(json, "cpu_time", command.cpu_time);
  return json;
}

Json to_json(const HostFacts& host) {
  return {{"name", host.name},
          {"machine_id", host.machine_id},
          {"boot_id", host.boot_id},
          {"kernel", host.kernel},
          {"architecture", host.architecture},
          {"operating_system", host.operating_system},
          {"cpu_count", host.cpu_count},
          {"memory_limit", host.memory_limit}};
}

Json to_json(const std::vector<CoverageNote>& notes) {
  Json json = Json::array();
  for (const CoverageNote& note : notes) {
    Json entry{{"kind", name_of(note.kind)}, {"what", note.what}, {"why", note.why}};
    if (!note.table.empty()) entry["table"] = note.table;
    if (!note.remedy.empty()) entry["remedy"] = note.remedy;
    json.push_back(std::move(entry));
  }
  return json;
}

// What takes the place of a count that nobody has.
constexpr std::string_view kUnknown = "unknown";

Json to_json(const MissedProcesses& missed) {
  Json json{{"count", missed.count ? Json(*missed.count) : Json(kUnknown)}};
  if (!missed.why.empty()) json["why"] = missed.why;
  return json;
}

MissedProcesses missed_from(const Json& json) {
  MissedProcesses missed;
  if (json.value("count", Json()) != kUnknown) get(json, "count", missed.count);
  get(json, "why", missed.why);
  return missed;
}

CommandFacts command_from(const Json& json) {
  CommandFacts command;
  get(json, "arguments", command.arguments);
  get(json, "folder", command.folder);
  get(json, "pid", command.pid);
  get(json, "start_time", command.start_time);
  get(json, "start_boottime", command.start_boottime);
  get(json, "end_time", command.end_time);
  get(json, "end_boottime", command.end_boottime);
  if (const auto end = json.find("end"); end != json.end() && end->is_object()) {
    command.end.emplace();
    get(*end, "exit_code", command.end->exit_code);
    get(*end, "signal", command.end->signal);
    get(*end, "core_dumped", command.end->core_dumped);
    get(*end, "timed_out", command.end->timed_out);
  }
  get(json, "cpu_time_user", command.cpu_time_user);
  get(json, "cpu_time_system", command.cpu_time_system);
  get(json, "memory_peak", command.memory_peak);
  get(json, "cpu_time", command.cpu_time);
  return command;
}

HostFacts host_from(const Json& json) {
  HostFacts host;
  get(json, "name", host.name);
  get(json, "machine_id", host.machine_id);
  get(json, "boot_id", host.boot_id);
  get(json, "kernel", host.kernel);
  get(json, "architecture", host.architecture);
  get(json, "operating_system", host.operating_system);
  get(json, "cpu_count", host.cpu_count);
  get(json, "memory_limit", host.memory_limit);
  return host;
}

CoverageNote note_from(const Json& json) {
  CoverageNote note{.kind = CoverageNote::Kind::limited};
  std::string kind;
  get(json, "kind", kind);
  for (const auto candidate : {CoverageNote::Kind::absent, CoverageNote::Kind::denied,
                               CoverageNote::Kind::limited, CoverageNote::Kind::disabled})
    if (name_of(candidate) == kind) note.kind = candidate;
  get(json, "table", note.table);
  get(json, "what", note.what);
  get(json, "why", note.why);
  get(json, "remedy", note.remedy);
  return note;
}

RecordingFacts facts_from(const Json& json) {
  RecordingFacts facts;
  const Json& format = json.at("format");
  get(format, "major", facts.format_major);
  get(format, "minor", facts.format_minor);
  get(json, "id", facts.id);
  get(json, "name", facts.name);
  get(json, "tacho_version", facts.tacho_version);
  if (const auto host = json.find("host"); host != json.end()) facts.host = host_from(*host);
  get(json, "time_zone", facts.time_zone);
  get(json, "utc", facts.is_utc);
  get(json, "start_time", facts.start_time);
  get(json, "start_boottime", facts.start_boottime);
  get(json, "end_time", facts.end_time);
  get(json, "end_boottime", facts.end_boottime);
  get(json, "interval", facts.interval);
  get(json, "recorder_pid", facts.recorder_pid);
  get(json, "user", facts.user);
  get(json, "process_source", facts.process_source);
  if (const auto missed = json.find("processes_missed"); missed != json.end() && missed->is_object())
    facts.processes_missed = missed_from(*missed);
  if (const auto command = json.find("command"); command != json.end() && command->is_object())
    facts.command = command_from(*command);
  get(json, "labels", facts.labels);
  get(json, "tables", facts.tables);
  get(json, kWasRecording, facts.was_recording_when_packed);
  if (const auto notes = json.find("coverage"); notes != json.end())
    for (const Json& note : *notes) facts.coverage.push_back(note_from(note));
  return facts;
}

}  // namespace

std::string packed_while_recording(std::string_view text) {
  Json json = Json::parse(text, nullptr, false);
  json[kWasRecording] = true;
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string to_json(const RecordingFacts& facts) {
  Json json{{"format", {{"name", "tacho"}, {"major", facts.format_major}, {"minor", facts.format_minor}}},
            {"id", facts.id},
            {"name", facts.name},
            {"tacho_version", facts.tacho_version},
            {"host", to_json(facts.host)},
            {"time_zone", facts.time_zone},
            {"utc", facts.is_utc},
            {"start_time", facts.start_time},
            {"start_boottime", facts.start_boottime}};
  put(json, "end_time", facts.end_time);
  put(json, "end_boottime", facts.end_boottime);
  json["interval"] = facts.interval;
  json["recorder_pid"] = facts.recorder_pid;
  json["user"] = facts.user;
  json["process_source"] = facts.process_source;
  if (facts.processes_missed) json["processes_missed"] = to_json(*facts.processes_missed);
  if (facts.command) json["command"] = to_json(*facts.command);
  if (!facts.labels.empty()) json["labels"] = facts.labels;
  json["tables"] = facts.tables;
  json["coverage"] = to_json(facts.coverage);
  // Texts are UTF-8 already (base/text.h); `replace` keeps a stray byte from throwing.
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

Result<RecordingFacts> parse_facts(std::string_view text) {
  const Json json = Json::parse(text, nullptr, false);
  const auto format = json.is_object() ? json.find("format") : json.end();
  if (!json.is_object() || format == json.end() || !format->is_object() ||
      format->value("name", Json()) != "tacho" || !format->value("major", Json()).is_number_integer())
    return Error{ErrorCode::corrupt,
                 "recording.json is damaged or no recording's: expected a JSON object with "
                 "\"format\": {\"name\": \"tacho\", \"major\": 1}"};
  const auto major = format->at("major").get<std::int64_t>();
  if (major > kFormatMajor)
    return Error{ErrorCode::invalid, "the recording has format " + std::to_string(major) +
                                         ", this tacho reads up to " +
                                         std::to_string(kFormatMajor) + ": a newer tacho reads it"};
  try {
    return facts_from(json);
  } catch (const Json::exception& error) {
    return Error{ErrorCode::corrupt,
                 std::string("recording.json has a field of another type than expected: ") +
                     error.what()};
  }
}

}  // namespace tacho
