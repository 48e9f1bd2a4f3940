// SPDX-License-Identifier: Apache-2.0
#include "views/report/sentences.h"

#include <string.h>

namespace tacho {

std::string ending_of(const RecordingFacts& facts, bool is_recording_now) {
  if (is_recording_now) return "recording now";
  if (facts.was_recording_when_packed) return "still being recorded when it was packed";
  if (!facts.command) return facts.end_time ? "stopped" : "broken off";
  if (!facts.command->end)
    return facts.end_time ? "recorder stopped before the command" : "broken off";
  const CommandEnd& end = *facts.command->end;
  std::string text = end.timed_out ? "timed out, " : "";
  if (end.signal) {
    text += "signal " + std::to_string(*end.signal) + " (" + strsignal(*end.signal) + ")";
    if (end.core_dumped) text += ", core dumped";
    return text;
  }
  return text + "exit " + std::to_string(end.exit_code.value_or(0));
}

std::string command_line_of(const RecordingFacts& facts) {
  std::string line;
  if (!facts.command) return line;
  for (const std::string& argument : facts.command->arguments) {
    if (!line.empty()) line.push_back(' ');
    line.append(argument);
  }
  return line;
}

}  // namespace tacho
