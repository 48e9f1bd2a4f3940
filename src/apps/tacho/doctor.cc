// SPDX-License-Identifier: Apache-2.0
// tacho doctor: what can be recorded here, what not, why, and the command that would change it.
// Every collector is made and takes one turn, as it would in a recording.
#include <fmt/format.h>
#include <unistd.h>

#include <climits>

#include "apps/tacho/command.h"
#include "apps/tacho/options.h"
#include "apps/tacho/reader.h"
#include "base/display.h"
#include "base/places.h"
#include "collectors/command_usage.h"
#include "collectors/events.h"
#include "collectors/registry.h"
#include "collectors/self_statistics.h"
#include "ledger/lives.h"
#include "recorder/process_source.h"
#include "recorder/runner.h"

namespace tacho {
namespace {

constexpr int kUsageError = 2;
// A collector with a thread of its own is one that can block: doctor waits this long for it.
constexpr int kPatienceMilliseconds = 3000;

constexpr std::string_view kHelp = R"(Usage: tacho doctor

Says what can be recorded here, what not, why, and the command that would change it. Looks, and
changes nothing.
)";

struct Finding {
  std::string_view table;
  std::int64_t rows = 0;
  std::string failure;  // why the whole table is not to be had
};

class Doctor {
 public:
  void run() {
    const auto root = Root::open();
    if (!root) {
      fmt::print("cannot look at this machine: {}\n", root.error().text);
      return;
    }
    const CollectorEnvironment environment{.root = *root,
                                           .settings = settings_,
                                           .clock = clock_,
                                           .events = &events_,
                                           .statistics = &statistics_,
                                           .command_usage = &usage_};
    for (const CollectorInfo* info : all_collectors()) examine(*info, environment);
    look_for_process_source();
    print_tables();
    print_notes();
    print_places();
  }

 private:
  void examine(const CollectorInfo& info, const CollectorEnvironment& environment) {
    auto runner = Runner::create(info, environment, 0);
    if (!runner) {
      findings_.push_back({.table = info.name(), .failure = runner.error().text});
      return;
    }
    if (info.runs == CollectorInfo::Runs::in_own_thread) {
      // Never destroyed: its thread may hang in a dead file system until we end.
      auto made = ThreadedRunner::create(std::move(*runner), queue_, statistics_);
      if (!made) {
        findings_.push_back({.table = info.name(), .failure = made.error().text});
        return;
      }
      ThreadedRunner* threaded = made->release();
      threaded->ask({.repeat_all = true});
      if (!threaded->wait(kPatienceMilliseconds)) {
        findings_.push_back({.table = info.name(), .failure = "it did not answer within 3 s"});
        return;
      }
      threaded->report_coverage(coverage_);
      add(threaded->runner());
      return;
    }
    Frame frame;
    Moment moment((*runner)->clock());
    (*runner)->run({.repeat_all = true}, frame, moment);
    (*runner)->report_coverage(coverage_);
    add(**runner);
  }

  void add(const Runner& runner) {
    for (const Rows& rows : runner.rows())
      findings_.push_back(
          {.table = rows.table().name, .rows = static_cast<std::int64_t>(rows.size())});
  }

  // The source of processes that a recording would have here, and why not a better one.
  void look_for_process_source() {
    const auto note = [this](std::string_view source, const Error* refusal) {
      if (refusal != nullptr) report_refused_source(source, *refusal, coverage_);
    };
    auto lives = Lives::open(kernel_life_sources(bpf_program_path(), 1), {.on_change = note}, clock_);
    if (!lives) return note("events", &lives.error());
    (*lives)->look_for_better();
    (*lives)->wait_for_better(kPatienceMilliseconds);
    process_source_ = (*lives)->name();
    if (process_source_ == "proc" || process_source_ == "connector")
      coverage_.add({.kind = CoverageNote::Kind::limited,
                     .table = "process_exit",
                     .what = "what processes used that live between two ticks",
                     .why = process_source_ == "proc" ? "nothing but /proc tells of processes here"
                                                      : "the connector tells who ended and how alone",
                     .remedy = geteuid() == 0 ? "" : "sudo tacho ..."});
  }

  // `first` and the text, broken to the terminal's width.
  void say(std::string_view first, std::string_view text) const {
    fmt::print("{}", wrapped(first, text, width_));
  }

  void print_tables() const {
    for (const Finding& finding : findings_) {
      const bool is_there = finding.failure.empty();
      say(fmt::format("  {:<4} {:<17} ", is_there ? "yes" : "no", finding.table),
          is_there ? fmt::format("{} row{} now", finding.rows, finding.rows == 1 ? "" : "s")
                   : finding.failure);
    }
    fmt::print("\n");
    say("", fmt::format("Births and ends of processes come from {}.",
                        process_source_ == "proc" ? "looking at /proc at every tick" : process_source_));
  }

  void print_notes() const {
    if (coverage_.notes().empty()) return;
    fmt::print("\nNot, or only in part:\n");
    for (const CoverageNote& note : coverage_.notes()) {
      say(fmt::format("  {:<8} ", name_of(note.kind)),
          fmt::format("{}{}{}", note.table, note.table.empty() ? "" : ": ", note.what));
      say("           ", "because " + note.why);
      if (!note.remedy.empty()) say("           ", "change it: " + note.remedy);
    }
  }

  void print_places() const {
    fmt::print("\n");
    say("", "Recordings go to " + usual_place());
    if (reader_path().empty())
      say("", "tacho-reader is missing: recordings can be made, but not read or sealed here");
    if (geteuid() != 0)
      say("", "As an ordinary user: figures of other users' processes are partly hidden (sudo tacho "
              "doctor shows the difference)");
  }

  // Elsewhere than on a terminal a line is a line, whatever reads it.
  int width_ = terminal_width(STDOUT_FILENO) > 0 ? terminal_width(STDOUT_FILENO) : INT_MAX;
  SystemClock clock_;
  Settings settings_;
  EventQueue events_;
  SelfStatistics statistics_;
  CommandUsage usage_;
  Coverage coverage_;
  FrameQueue queue_{std::size_t{16} << 20};
  std::vector<Finding> findings_;
  std::string process_source_;
};

}  // namespace

int command_doctor(int argc, char** argv) {
  bool help = false;
  const Flag flags[] = {{"help", Flag::Value::none, set_true(help)}};
  const auto words = parse_flags(argc, argv, flags);
  if (!words || !words->empty()) {
    fmt::print(stderr, "tacho doctor: {}\nTry 'tacho doctor --help'.\n",
               words ? "it takes no argument" : words.error().text);
    return kUsageError;
  }
  if (help) {
    fmt::print("{}", kHelp);
    return 0;
  }
  auto* doctor = new Doctor;  // see ThreadedRunner above
  doctor->run();
  std::fflush(stdout);
  _exit(0);
}

}  // namespace tacho
