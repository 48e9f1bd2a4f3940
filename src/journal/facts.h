// SPDX-License-Identifier: Apache-2.0
// What recording.json says: the facts of a recording as a whole. Written at the start, when
// coverage changes and at the end, each time replaced as a whole; read by every view.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "journal/labels.h"
#include "schema/coverage.h"

namespace tacho {

struct CommandEnd {
  std::optional<int> exit_code;  // one of these two
  std::optional<int> signal;
  bool core_dumped = false;
  bool timed_out = false;        // by `tacho run --timeout`
};

struct CommandFacts {
  std::vector<std::string> arguments;  // escaped, secrets removed
  std::string folder;                  // working directory, escaped
  int pid = 0;
  std::int64_t start_time = 0;  // ns since 1970 UTC
  std::int64_t start_boottime = 0;
  std::optional<std::int64_t> end_time;
  std::optional<std::int64_t> end_boottime;
  std::optional<CommandEnd> end;
  // From wait4, of the command and the descendants it waited for. ns; bytes.
  std::optional<std::int64_t> cpu_time_user, cpu_time_system, memory_peak;
  // Of all its processes, those that nobody waited for too; ns.
  std::optional<std::int64_t> cpu_time;
};

struct HostFacts {
  std::string name, machine_id, boot_id, kernel, architecture, operating_system;
  int cpu_count = 0;
  std::int64_t memory_limit = 0;  // bytes
};

// Births, execs and ends of processes that the recording has not.
struct MissedProcesses {
  std::optional<std::int64_t> count;  // unset: unknown
  std::string why;                    // where it is not 0
};

struct RecordingFacts {
  int format_major = 1, format_minor = 0;
  std::string id;             // 32 hexadecimal digits
  std::string name;           // of the series; the folder's name begins with it
  std::string tacho_version;
  HostFacts host;
  std::string time_zone;      // IANA name or offset, of the recorder
  bool is_utc = false;        // made with --utc: shown so, whatever the zone of who looks
  std::int64_t start_time = 0, start_boottime = 0;
  std::optional<std::int64_t> end_time, end_boottime;  // set when it ended in good order
  std::int64_t interval = 0;  // ns
  int recorder_pid = 0;
  std::uint32_t user = 0;     // uid of the recorder
  std::string process_source; // "proc", "bpf", "taskstats", "connector"
  std::optional<MissedProcesses> processes_missed;  // unset: the recording does not say
  std::optional<CommandFacts> command;
  Labels labels;
  std::vector<std::string> tables;
  std::vector<CoverageNote> coverage;
  bool was_recording_when_packed = false;  // in a packed file: what came later is not in it
};

std::string to_json(const RecordingFacts& facts);
// `corrupt` for what is no recording.json, `invalid` for a higher major version of the format; both
// say what was expected. Unknown fields are ignored.
Result<RecordingFacts> parse_facts(std::string_view json);
// The same recording.json, which parse_facts has read, with was_recording_when_packed.
std::string packed_while_recording(std::string_view json);

}  // namespace tacho
