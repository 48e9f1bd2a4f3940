// SPDX-License-Identifier: Apache-2.0
#include "apps/reader/ps_options.h"

#include <algorithm>
#include <vector>

#include "base/text.h"

namespace tacho {
namespace {

Error wrong(std::string text) { return {ErrorCode::invalid, std::move(text)}; }

// --diff takes two values: the second is taken off before the others are read.
Result<std::vector<char*>> without_second_time(int argc, char** argv, PsOptions& options) {
  std::vector<char*> words(argv, argv + argc);
  for (std::size_t index = 1; index < words.size() && std::string_view(words[index]) != "--"; ++index) {
    const std::string_view word = words[index];
    if (word != "--diff" && !word.starts_with("--diff=")) continue;
    const std::size_t second = word == "--diff" ? index + 2 : index + 1;
    if (second >= words.size() || std::string_view(words[second]).starts_with("--"))
      return wrong("--diff takes two times, for example --diff -10m -5m");
    options.diff_second = words[second];
    words.erase(words.begin() + static_cast<std::ptrdiff_t>(second));
  }
  return words;
}

std::vector<Flag> flags_of(PsOptions& options) {
  using enum Flag::Value;
  std::vector<Flag> flags = view_flags(options.view);
  flags.push_back({"at", required, set_text(options.at)});
  flags.push_back({"find", required, set_text(options.find)});
  flags.push_back({"from", required, set_text(options.from)});
  flags.push_back({"to", required, set_text(options.to)});
  flags.push_back({"sort", required, set_text(options.sort)});
  flags.push_back({"reverse", none, set_true(options.reverse)});
  flags.push_back({"verbose", none, set_true(options.verbose)});
  flags.push_back({"exited", none, set_true(options.exited)});
  flags.push_back({"by", required, [&](std::string_view text) -> Result<void> {
                     options.by = TRY(parse_sum_by(text));
                     return {};
                   }});
  flags.push_back({"diff", required, [&](std::string_view text) -> Result<void> {
                     options.diff_first = std::string(text);
                     return {};
                   }});
  flags.push_back({"limit", required, [&](std::string_view text) -> Result<void> {
                     options.limit = parse_integer<std::size_t>(text);
                     // More rows than processes can have lived, and twice as many still can be counted.
                     constexpr std::size_t kMost = std::size_t{1} << 40;
                     if (!options.limit || *options.limit < 1 || *options.limit > kMost)
                       return wrong("--limit is a number of rows, for example --limit 100");
                     return {};
                   }});
  return flags;
}

// What does not go together.
Result<void> check(const PsOptions& options) {
  if (int{options.exited} + int{options.by.has_value()} + int{options.diff_first.has_value()} > 1)
    return wrong("one of --exited, --by and --diff at a time, for example --by command");
  const std::string& format = options.view.format;
  if (!format.empty() && format != "text" && format != "json") return wrong("--format is text or json");
  const bool has_span = !options.from.empty() || !options.to.empty();
  if (has_span && !options.exited && !options.by)
    return wrong("--from and --to go with --exited and --by, for example --exited --from -10m; the tree "
                 "of a time is --at -10m");
  if (!options.at.empty() && options.is_of_ledger())
    return wrong("--at is for the tree; --exited and --by take --from and --to, for example --exited "
                 "--from -10m --to -5m");
  if (options.pid && options.is_of_ledger())
    return wrong("a PID goes with the tree; write for example --exited --find " +
                 std::to_string(*options.pid));
  if (options.reverse && options.sort.empty() && !options.is_of_ledger())
    return wrong("--reverse turns an order, for example --sort memory --reverse");
  return {};
}

}  // namespace

const std::string_view kPsHelp = R"(Usage: tacho ps [RECORDING] [PID] [OPTION...]
       tacho ps [RECORDING] --exited [--from TIME] [--to TIME] [OPTION...]
       tacho ps [RECORDING] --by command|job|container|unit|user [--from TIME] [--to TIME] [OPTION...]
       tacho ps [RECORDING] --diff TIME TIME [OPTION...]

The process tree with threads: of now, or of RECORDING at its end or another time. With PID: what is
below it. Or, of the processes that lived in a recording (@last when none is named; it may be one that
is still being made):

  --exited            those that ended: when, how, and what each used in its whole life
  --by WHAT           what all of them used, living and ended, summed by command, job, container,
                      unit or user; without RECORDING: what those of now used since they began
  --diff TIME TIME    what differs between two times: who was born, who ended, whose memory changed
                      most and who used most CPU time

  --at TIME           the tree of a time: -5m (before the end), 21:28, 2026-11-24T21:28:41Z
  --from TIME         --exited, --by: from this time on
  --to TIME           --exited, --by: before this time
  --find TEXT         processes whose name or command line contains TEXT
  --sort COLUMN       the largest or newest first, text from a to z; -COLUMN or --reverse turns it.
                      A list: pid, parent, user, state, threads, cpu, memory, start, read, write,
                      command, arguments. --exited: pid, start, end, lived, how, cpu, memory, read,
                      write, user, job, container, unit, command, arguments (end). --by: count,
                      ended, cpu, memory, read, write, and what it sums by (cpu). --diff: pid, start,
                      cpu, memory, resident, read, write, user, job, container, unit, command,
                      arguments
  --limit N           rows at most (1000; --diff: 10 of each kind)
  --format text|json  (text)
  --verbose           JSON of the tree: with user, state, command line, memory and CPU time
  --output FILE, --utc, --color auto|always|never, --no-pager, --help

READ and WRITTEN are of storage. A figure that the source of processes cannot know is blank (null in
JSON); docs/TABLES.md says which it has.

  tacho ps @last --exited --sort memory
  tacho ps @last --by command --from -10m
  tacho ps build.tacho --diff 21:28 21:30 --find cc1plus

Exit status: 0; 1 when nothing was found or something was damaged (it is told on stderr, and the rest
is shown); 2 for wrong usage; 3 when the recording cannot be read.
)";

Result<PsOptions> parse_ps(int argc, char** argv) {
  PsOptions options;
  std::vector<char*> given = TRY(without_second_time(argc, argv, options));
  const std::vector<Flag> flags = flags_of(options);
  auto words = TRY(parse_flags(static_cast<int>(given.size()), given.data(), flags));
  if (options.view.help) return options;
  if (words.empty() && options.is_of_ledger()) words.push_back("@last");
  if (words.empty() || words.size() > 2)
    return wrong("a recording and a pid are wanted, either or none, for example @last 4711");
  options.recording = words[0];
  if (words.size() == 2) {
    options.pid = parse_integer<std::int64_t>(words[1]);
    if (!options.pid)
      return wrong("'" + escaped(words[1], 80) + "' is no pid; write for example @last 4711");
  }
  TRY(check(options));
  return options;
}

}  // namespace tacho
