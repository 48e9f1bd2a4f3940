// SPDX-License-Identifier: Apache-2.0
#include "apps/tacho/options.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "base/units.h"
#include "collectors/registry.h"

namespace tacho {
namespace {

using namespace std::chrono_literals;

constexpr Nanoseconds kShortestInterval = 10ms, kLongestInterval = 1h;
// A file's name has at most 255 bytes; the date and ".tacho" follow.
constexpr std::size_t kLongestName = 200;

Error wrong(std::string text) { return {ErrorCode::invalid, std::move(text)}; }

Result<void> take_interval(RecorderOptions& options, std::string_view text) {
  const auto interval = TRY(parse_duration(text));
  if (interval < kShortestInterval || interval > kLongestInterval)
    return wrong(fmt::format("--interval {} is not between 10ms and 1h", text));
  options.interval = interval;
  return {};
}

Result<void> take_name(RecorderOptions& options, std::string_view text) {
  const bool is_safe = escaped(text) == text && text.find('/') == std::string_view::npos;
  if (text.empty() || text.starts_with('.') || text.size() > kLongestName || !is_safe)
    return wrong(fmt::format("--name '{}' cannot be a file's name: write for example nightly-build",
                             escaped(text, 80)));
  options.name = text;
  return {};
}

}  // namespace

Result<std::vector<std::string>> parse_flags(int argc, char** argv, std::span<const Flag> flags,
                                             Order order) {
  std::vector<std::string> words;
  for (int index = 1; index < argc; ++index) {
    const std::string_view word = argv[index];
    if (word == "--") {
      words.insert(words.end(), argv + index + 1, argv + argc);
      break;
    }
    if (!word.starts_with('-') || word == "-" || (word.size() > 1 && word[1] >= '0' && word[1] <= '9')) {
      if (order == Order::options_first) {
        words.insert(words.end(), argv + index, argv + argc);
        break;
      }
      words.emplace_back(word);
      continue;
    }
    const std::size_t equals = word.find('=');
    const std::string_view name = word.substr(0, equals);
    const auto flag = std::ranges::find_if(flags, [&](const Flag& candidate) {
      return name.starts_with("--") && candidate.name == name.substr(2);
    });
    if (flag == flags.end()) return wrong(fmt::format("there is no option '{}'", escaped(name, 80)));
    std::string_view value;
    if (flag->value == Flag::Value::required) {
      if (equals == std::string_view::npos && index + 1 >= argc)
        return wrong(fmt::format("a value is missing after '{}'", name));
      value = equals == std::string_view::npos ? argv[++index] : word.substr(equals + 1);
    } else if (equals != std::string_view::npos) {
      return wrong(fmt::format("'{}' takes no value", name));
    }
    TRY(flag->take(value));
  }
  return words;
}

std::vector<Flag> recorder_flags(RecorderOptions& options) {
  using enum Flag::Value;
  const auto keep = [](std::string& place) {
    return [&place](std::string_view value) -> Result<void> {
      place = value;
      return {};
    };
  };
  return {{"interval", required, [&](std::string_view text) { return take_interval(options, text); }},
          {"name", required, [&](std::string_view text) { return take_name(options, text); }},
          {"output", required, keep(options.output)},
          {"only", required, keep(options.only)},
          {"without", required, keep(options.without)},
          {"set", required, [&](std::string_view text) -> Result<void> {
             options.settings.emplace_back(text);
             return {};
           }}};
}

Result<void> check_recorder_options(const RecorderOptions& options) {
  TRY(select_collectors(options.only, options.without));
  Settings settings;
  for (const std::string& assignment : options.settings) TRY(settings.set(assignment));
  return check_settings(settings);
}

}  // namespace tacho
