// SPDX-License-Identifier: Apache-2.0
#include "apps/tacho/options.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "base/units.h"
#include "collectors/registry.h"
#include "ledger/lives.h"

namespace tacho {
namespace {

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

Result<void> take_processes(RecorderOptions& options, std::string_view text) {
  if (text != "auto" && std::ranges::find(kProcessSources, text) == std::end(kProcessSources))
    return wrong(fmt::format("--processes '{}' is no source: write bpf, taskstats, connector, proc or auto",
                             escaped(text, 40)));
  options.processes = text == "auto" ? "" : text;
  return {};
}

}  // namespace

std::vector<Flag> recorder_flags(RecorderOptions& options) {
  using enum Flag::Value;
  return {{"interval", required, [&](std::string_view text) { return take_interval(options, text); },
           format_duration(options.interval)},
          {"name", required, [&](std::string_view text) { return take_name(options, text); }, options.name},
          {"output", required, set_text(options.output)},
          {"processes", required, [&](std::string_view text) { return take_processes(options, text); },
           "auto"},
          {"utc", none, set_true(options.utc)},
          {"only", required, set_text(options.only)},
          {"without", required, set_text(options.without)},
          {"label", required, [&](std::string_view text) { return add_label(options.labels, text); }},
          {"set", required, [&](std::string_view text) -> Result<void> {
             options.settings.emplace_back(text);
             return {};
           }}};
}

Result<void> check_sections(const Configuration& configuration) {
  for (const Setting& setting : configuration.settings())
    if (std::ranges::find(kSections, setting.section, &ConfigurationSection::name) == std::end(kSections))
      return wrong(fmt::format("{}: there is no section [{}]; there are [recorder], [run] and [record]",
                               setting.origin, escaped(setting.section, 40)));
  return {};
}

Result<void> apply_configuration(std::string_view command, std::span<const Flag> flags) {
  const Configuration configuration = TRY(Configuration::read());
  TRY(check_sections(configuration));
  RecorderOptions unused;
  const std::size_t shared = recorder_flags(unused).size();
  for (const ConfigurationSection& section : kSections) {
    if (section.name == "recorder") TRY(configuration.apply(section.name, section.variables, flags.first(shared)));
    if (section.name == command) TRY(configuration.apply(section.name, section.variables, flags));
  }
  return {};
}

Result<void> check_recorder_options(const RecorderOptions& options) {
  TRY(select_collectors(options.only, options.without));
  Settings settings;
  for (const std::string& assignment : options.settings) TRY(settings.set(assignment));
  return check_settings(settings);
}

}  // namespace tacho
