// SPDX-License-Identifier: Apache-2.0
// Texts from outside on their way to a recording and to a terminal; names, labels, words of a command
// line.
#include "base/display.h"
#include "base/flags.h"
#include "base/text.h"
#include "collectors/collector.h"
#include "collectors/job_variables.h"
#include "collectors/redact.h"
#include "collectors/registry.h"
#include "fuzz.h"
#include "journal/format.h"
#include "journal/labels.h"
#include "journal/recordings.h"
#include "store/part_format.h"
#include "store/recording_folder.h"

namespace tacho {
namespace {

bool is_safe(std::string_view text) {
  for (const char c : text)
    if ((c >= 0 && c < ' ' && c != '\t' && c != '\n') || c == 0x7F) return false;
  return true;
}

void show(std::string_view text) {
  const std::string kept = escaped(text);
  fuzz::expect(unescaped(kept) == text, "an escaped text does not come back");
  fuzz::expect(is_safe(kept) && kept.find('\n') == std::string::npos, "an escape is not safe");
  const std::string cut = escaped(text, 20);
  fuzz::expect(cut.size() <= 20 && kept.starts_with(cut), "a cut text is another one");
  const std::string shown = printable(text);
  fuzz::expect(is_safe(shown) && printable(shown) == shown, "a printable text is not safe");
  fuzz::expect(display_width(cut_to(shown, 10)) <= 10, "a cut text is too wide");
  fuzz::expect(is_safe(wrapped("note: ", text, 40)), "wrapped text is not safe");
}

void read_process(std::string_view text) {
  const RedactedArguments redacted = redact_arguments(text, 200);
  fuzz::expect(redacted.text.size() <= 200 && is_safe(redacted.text), "arguments are not safe");
  fuzz::expect(is_safe(job_of_environment(text)), "a job is not safe");
  for (const auto& [key, value] : labels_of_environment(text))
    fuzz::expect(is_safe(value) && value.size() <= kLongestLabelValue, "a label is not safe");
}

void read_names(std::string_view text) {
  if (const auto name = parse_segment_name(text)) (void)part_name(name->number, name->digest);
  (void)is_table_name(text);
  (void)parse_row_digests(text);
  Labels labels;
  if (add_label(labels, text)) fuzz::expect(is_safe(text_of(labels)), "a label is not safe");
  Settings settings;
  if (settings.set(text)) (void)check_settings(settings);
  (void)select_collectors(text, "");
  // A path is taken as it is: what is looked up are names and @last.
  if (text.find('/') == std::string_view::npos) (void)find_recording(std::string(text));
}

// Words with NULs between them.
void read_words(std::string_view text) {
  std::vector<std::string> words = {"tacho"};
  for (std::string_view rest = text; !rest.empty();) words.emplace_back(take_until(rest, '\0'));
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  bool is_set = false;
  std::string value;
  const Flag flags[] = {{"quiet", Flag::Value::none, set_true(is_set)},
                        {"output", Flag::Value::required, set_text(value)}};
  for (const Order order : {Order::free, Order::options_first})
    (void)parse_flags(static_cast<int>(pointers.size()), pointers.data(), flags, order);
}

}  // namespace

FUZZ_TARGET(text) {
  static const bool has_place = setenv("XDG_STATE_HOME", fuzz::memory_folder().c_str(), 1) == 0;
  fuzz::expect(has_place, "no place");
  show(input);
  read_process(input);
  read_names(input);
  read_words(input);
}

}  // namespace tacho
