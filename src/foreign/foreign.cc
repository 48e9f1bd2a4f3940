// SPDX-License-Identifier: Apache-2.0
#include "foreign/foreign.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/file.h"
#include "base/saturating.h"
#include "base/text.h"
#include "base/units.h"
#include "foreign/foreign_table.h"
#include "foreign/times.h"
#include "journal/format.h"

namespace tacho {
namespace {

constexpr std::string_view kEndings[] = {".csv", ".tsv", ".parquet"};
// A folder of one recorder has a dozen.
constexpr std::size_t kMostFiles = 256;
constexpr std::int64_t kSecond = 1'000'000'000;

bool has_ending(std::string_view name) {
  return !name.starts_with('.') && std::ranges::any_of(kEndings, [&](std::string_view ending) {
    return name.ends_with(ending);
  });
}

std::string stem_of(std::string_view path) {
  std::string_view name = path.substr(path.find_last_of('/') + 1);
  for (const std::string_view ending : kEndings)
    if (name.ends_with(ending) && name.size() > ending.size())
      return std::string(name.substr(0, name.size() - ending.size()));
  return std::string(name);
}

// Of a folder, the files that could be read; a file itself.
Result<std::vector<std::string>> files_at(const std::string& path) {
  const FileDescriptor folder(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK));
  if (!folder && errno == ENOTDIR) return std::vector<std::string>{path};
  if (!folder) return last_system_error("open", escaped(path));
  std::vector<std::string> files;
  for (const std::string& name : TRY(list_folder(folder.get()))) {
    struct stat status{};
    if (has_ending(name) &&
        fstatat(folder.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0 &&
        S_ISREG(status.st_mode) && files.size() < kMostFiles)
      files.push_back(path + "/" + name);
  }
  return files;
}

Result<std::shared_ptr<ForeignFile>> open_file(const std::string& path) {
  auto file = std::make_shared<ForeignFile>();
  file->name = escaped(path);
  file->stem = stem_of(path);
  file->descriptor =
      FileDescriptor(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!file->descriptor) return last_system_error("open", file->name);
  struct stat status{};
  if (fstat(file->descriptor.get(), &status) != 0) return last_system_error("look at", file->name);
  if (!S_ISREG(status.st_mode))
    return Error{ErrorCode::corrupt, file->name + " is not a regular file"};
  file->size = static_cast<std::uint64_t>(status.st_size);
  return file;
}

Result<Survey> survey_of(const ForeignFile& file, const std::string& zone) {
  const int kept[] = {file.descriptor.get()};
  const auto work = [&file](int pipe) -> Result<void> {
    const auto raw = TRY(open_raw(file));
    return write_all(pipe, to_bytes(TRY(raw->survey())));
  };
  auto bytes = confined_text(kept, [&] { use_zone(zone); }, work, kLargestSurvey);
  if (!bytes) {
    Error error = bytes.error();
    if (error.text.find(file.name) == std::string::npos) error.text = file.name + ": " + error.text;
    return error;
  }
  Survey survey = TRY(survey_from(*bytes));
  if (survey.rows == 0 || survey.stretches.empty())
    return Error{ErrorCode::corrupt, file.name + " has no row with a time that can be read"};
  return survey;
}

struct SurveyedFile {
  std::shared_ptr<ForeignFile> file;
  Survey survey;
  std::string variable;  // what TZ was
  std::string zone;      // in words
};

// In the zone that was asked for; without one, in that which the file names, or else the local one.
Result<SurveyedFile> surveyed_file(std::shared_ptr<ForeignFile> file, const std::string& asked) {
  SurveyedFile of{.file = std::move(file), .variable = TRY(zone_variable(asked))};
  of.zone = asked.empty() ? "local" : asked;
  of.survey = TRY(survey_of(*of.file, of.variable));
  if (!asked.empty() || !of.survey.is_naive || of.survey.zone.empty()) return of;
  const auto own = zone_variable(of.survey.zone);
  if (!own) return of;
  of.zone = of.survey.zone;
  of.variable = *own;
  of.survey = TRY(survey_of(*of.file, of.variable));
  return of;
}

std::string counted(std::uint64_t count, std::string_view noun) {
  return std::to_string(count) + " " + std::string(noun) + (count == 1 ? "" : "s");
}

void add_findings(const SurveyedFile& of, std::vector<Finding>& findings) {
  const Survey& survey = of.survey;
  if (survey.uneven > 0)
    findings.push_back(
        {.file = of.file->stem,
         .what = counted(survey.uneven, "line") +
                 " with another number of fields than the first line, left out (line " +
                 std::to_string(survey.first_uneven) + (survey.uneven > 1 ? " is the first)" : ")"),
         .rows = static_cast<std::int64_t>(survey.uneven)});
  if (survey.timeless > 0)
    findings.push_back({.file = of.file->stem,
                        .what = counted(survey.timeless, "row") +
                                " without a time that can be read, left out (row " +
                                std::to_string(survey.first_timeless) +
                                (survey.timeless > 1 ? " is the first)" : ")"),
                        .rows = static_cast<std::int64_t>(survey.timeless)});
}

std::string list_of(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

// Times, and where they come from.
std::string time_remark(const SurveyedFile& of) {
  const Survey& survey = of.survey;
  std::string text = "times are in column " + survey.time_name + ": " + survey.time_form;
  if (survey.is_naive)
    text += " without a zone, taken as " + of.zone + " time" +
            (of.zone == survey.zone ? ", as the file says" : "") + " (--data-timezone changes it)";
  if (survey.turns_back > 0)
    text += "; " + counted(survey.turns_back, "row") + " lie before the row above";
  return text;
}

class ForeignSource final : public RecordingSource {
 public:
  ForeignSource(std::string path, std::string zone)
      : path_(std::move(path)), zone_(std::move(zone)) {}

  Result<void> open() {
    const auto files = TRY(files_at(path_));
    std::vector<SurveyedFile> surveyed;
    std::optional<Error> failure;
    for (const std::string& name : files) {
      auto file = TRY(open_file(name));
      const std::uint64_t size = file->size;
      size_ += size;
      auto one = surveyed_file(std::move(file), zone_);
      if (one) {
        surveyed.push_back(std::move(*one));
        continue;
      }
      if (!failure) failure = one.error();
      findings_.push_back({.what = "left out: " + one.error().text, .bytes = size});
    }
    if (surveyed.empty()) return *failure;
    // Several files have one clock only when a tick is a stretch of time.
    const bool is_folder = files.size() > 1 || files.front() != path_;
    stamp_.base = std::ranges::min(surveyed, {}, [](const auto& of) {
                    return of.survey.low_time;
                  }).survey.low_time;
    stamp_.tick_span = is_folder ? kSecond : 0;
    for (SurveyedFile& of : surveyed) add(std::move(of), is_folder);
    if (is_folder) join_gaps();
    if (!can_confine())
      remarks_.emplace_back(
          "this kernel has no seccomp: the file was read by a process with all rights");
    std::ranges::sort(tables_, {}, [](const auto& table) { return table->name(); });
    return {};
  }

  const std::string& path() const override { return path_; }
  const RecordingFacts& facts() const override { return facts_; }
  bool is_recording_now() const override { return false; }
  std::uint64_t size() const override { return size_; }
  const std::vector<Finding>& findings() const override { return findings_; }
  const std::vector<std::shared_ptr<const TableSource>>& tables() const override { return tables_; }
  std::optional<std::vector<Gap>> gaps() const override { return gaps_; }
  const std::vector<std::string>& remarks() const override { return remarks_; }

 private:
  void add(SurveyedFile of, bool is_folder) {
    add_findings(of, findings_);
    add_facts(of.survey);
    FilePlan plan = plan_of(of.file->stem, of.survey);
    const std::string about = is_folder ? of.file->stem + ": " : "";
    remarks_.push_back(about + plan.what + ", " + of.survey.format + ", " +
                       counted(of.survey.rows, "row") + " of " +
                       counted(of.survey.columns.size() + 1, "column"));
    remarks_.push_back(about + time_remark(of));
    for (const std::string& remark : plan.remarks) remarks_.push_back(about + remark);
    if (!of.survey.left_out.empty())
      remarks_.push_back(about +
                         "columns of types that are not read: " + list_of(of.survey.left_out));
    add_gaps(of.survey);
    const auto shared = std::make_shared<const SurveyedForeign>(
        std::move(of.file), std::move(of.survey), std::move(of.variable), stamp_);
    for (TablePlan& table : plan.tables) {
      std::string name = table.name;
      for (int number = 2;
           std::ranges::find(tables_, name, [](const auto& known) { return known->name(); }) !=
           tables_.end();
           ++number)
        name = table.name + "_" + std::to_string(number);
      table.name = name;
      tables_.push_back(make_foreign_table(shared, std::move(table)));
    }
  }

  void add_facts(const Survey& survey) {
    const bool is_first = tables_.empty();
    facts_.name = escaped(path_.substr(path_.find_last_of('/') + 1));
    facts_.is_utc = survey.is_utc && (is_first || facts_.is_utc);
    facts_.start_time = stamp_.base;
    facts_.end_time = std::max(facts_.end_time.value_or(survey.high_time), survey.high_time);
    facts_.end_boottime = saturating_difference(*facts_.end_time, stamp_.base);
    facts_.interval = facts_.interval == 0 ? survey.step : std::min(facts_.interval, survey.step);
  }

  void add_gaps(const Survey& survey) {
    for (const LongStep& step : survey.gaps) {
      const double steps =
          static_cast<double>(saturating_difference(step.before, step.after)) / static_cast<double>(survey.step);
      const std::int64_t after = saturating_difference(step.after, stamp_.base);
      gaps_.push_back({.first_tick = stamp_.tick_span > 0
                                         ? static_cast<std::uint64_t>(after / stamp_.tick_span) + 1
                                         : step.tick + 1,
                       .ticks = static_cast<std::uint64_t>(std::max(1.0, steps - 0.5)),
                       .after_time = Nanoseconds(step.after),
                       .before_time = Nanoseconds(step.before),
                       .after_boottime = Nanoseconds(after),
                       .before_boottime = Nanoseconds(saturating_difference(step.before, stamp_.base))});
    }
  }

  // Of several files: in the order of time, and one where they are of the same moments.
  void join_gaps() {
    std::ranges::stable_sort(gaps_, {}, &Gap::after_time);
    std::vector<Gap> joined;
    for (const Gap& gap : gaps_) {
      if (joined.empty() || gap.after_time >= joined.back().before_time) {
        joined.push_back(gap);
        continue;
      }
      Gap& last = joined.back();
      last.ticks = std::max(last.ticks, gap.ticks);
      last.before_time = std::max(last.before_time, gap.before_time);
      last.before_boottime = std::max(last.before_boottime, gap.before_boottime);
    }
    gaps_ = std::move(joined);
  }

  std::string path_, zone_;
  RecordingFacts facts_;
  StampRule stamp_;
  std::uint64_t size_ = 0;
  std::vector<Finding> findings_;
  std::vector<std::string> remarks_;
  std::vector<Gap> gaps_;
  std::vector<std::shared_ptr<const TableSource>> tables_;
};

}  // namespace

bool is_foreign_path(const std::string& path) {
  struct stat status{};
  if (stat(path.c_str(), &status) != 0) return false;
  if (S_ISREG(status.st_mode)) return true;
  if (!S_ISDIR(status.st_mode) || access((path + "/" + std::string(kFactsName)).c_str(), F_OK) == 0)
    return false;
  const auto files = files_at(path);
  return files && !files->empty();
}

Result<std::shared_ptr<const RecordingSource>> open_foreign_source(
    const std::string& path, const std::string& data_timezone) {
  TRY(zone_variable(data_timezone));  // before anything is opened
  std::string place = path;
  while (place.size() > 1 && place.ends_with('/')) place.pop_back();
  auto source = std::make_shared<ForeignSource>(place, data_timezone);
  TRY(source->open());
  return std::shared_ptr<const RecordingSource>(std::move(source));
}

}  // namespace tacho
