// SPDX-License-Identifier: Apache-2.0
#include "base/flags.h"

#include <algorithm>

#include "base/text.h"

namespace tacho {
namespace {

// As much of a wrong word as a message shows.
constexpr std::size_t kShown = 80;

Error wrong(std::string text) { return {ErrorCode::invalid, std::move(text)}; }

// The error of a value, with the option that it was given to.
Error about(const Flag& flag, const Error& error) {
  const std::string name = "--" + std::string(flag.name);
  if (error.text.find(name) != std::string::npos) return error;
  return {error.code, name + ": " + error.text};
}

// A lone dash is a file's place holder, and a negative number or time ("-5m") is a value.
bool is_option(std::string_view word) {
  return word.size() > 1 && word[0] == '-' && (word[1] < '0' || word[1] > '9');
}

}  // namespace

std::function<Result<void>(std::string_view)> set_true(bool& place) {
  return [&place](std::string_view) -> Result<void> {
    place = true;
    return {};
  };
}

std::function<Result<void>(std::string_view)> set_text(std::string& place) {
  return [&place](std::string_view value) -> Result<void> {
    place = value;
    return {};
  };
}

Result<std::vector<std::string>> parse_flags(int argc, char** argv, std::span<const Flag> flags,
                                             Order order) {
  std::vector<std::string> words;
  for (int index = 1; index < argc; ++index) {
    const std::string_view word = argv[index];
    if (word == "--") {
      words.insert(words.end(), argv + index + 1, argv + argc);
      break;
    }
    if (!is_option(word)) {
      if (order == Order::options_first) {
        words.insert(words.end(), argv + index, argv + argc);
        break;
      }
      words.emplace_back(word);
      continue;
    }
    const std::size_t equals = word.find('=');
    const std::string_view name = word == "-h"   ? "--help"
                                  : word == "-o" ? "--output"
                                                 : word.substr(0, equals);
    const auto flag = std::ranges::find_if(flags, [&](const Flag& candidate) {
      return name.starts_with("--") && candidate.name == name.substr(2);
    });
    if (flag == flags.end()) return wrong("there is no option '" + escaped(name, kShown) + "'");
    std::string_view value;
    if (flag->value == Flag::Value::required) {
      if (equals == std::string_view::npos && index + 1 >= argc)
        return wrong("a value is missing after '" + std::string(name) + "'");
      value = equals == std::string_view::npos ? argv[++index] : word.substr(equals + 1);
    } else if (equals != std::string_view::npos) {
      return wrong("'" + std::string(name) + "' takes no value");
    }
    if (const auto taken = flag->take(value); !taken) return about(*flag, taken.error());
  }
  return words;
}

}  // namespace tacho
