// SPDX-License-Identifier: Apache-2.0
#include "base/configuration.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <optional>

#include "base/file.h"
#include "base/places.h"
#include "base/text.h"

namespace tacho {
namespace {

// Settings are some lines; a larger file is something else.
constexpr std::size_t kLargestFile = std::size_t{1} << 20;
// As much of a wrong word as a message shows.
constexpr std::size_t kShown = 80;

Error wrong(const std::string& origin, const std::string& text) {
  return {ErrorCode::invalid, origin + ": " + text};
}

bool is_name(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
}

// What others may write could make us do what they want.
Result<void> check_owner(int file, const std::string& path) {
  struct stat status {};
  if (fstat(file, &status) != 0) return last_system_error("look at", path);
  if (!S_ISREG(status.st_mode)) return Error{ErrorCode::invalid, path + " is no file"};
  const bool is_ours = status.st_uid == 0 || status.st_uid == geteuid();
  if (!is_ours || (status.st_mode & S_IWOTH) != 0)
    return Error{ErrorCode::denied, path + (is_ours ? " may be written by anybody; type: chmod o-w " + path
                                                    : " belongs to somebody else than root or you")};
  return {};
}

std::string variable_of(std::string_view variables, std::string_view name) {
  std::string variable(variables);
  for (const char c : name)
    variable.push_back(c == '-' ? '_' : c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c);
  return variable;
}

std::optional<Setting> in_environment(std::string_view section, std::string_view variables,
                                      std::string_view name) {
  const std::string variable = variable_of(variables, name);
  const char* value = std::getenv(variable.c_str());
  if (value == nullptr || *value == '\0') return std::nullopt;
  return Setting{.section = std::string(section), .name = std::string(name), .value = value,
                 .origin = "$" + variable};
}

Result<void> give(const Setting& setting, const Flag& flag) {
  const bool is_switch = flag.value == Flag::Value::none;
  if (is_switch && setting.value != "true" && setting.value != "false")
    return wrong(setting.origin, setting.name + " is true or false, not '" +
                                     escaped(setting.value, kShown) + "'");
  if (is_switch && setting.value == "false") return {};
  if (const auto taken = flag.take(is_switch ? "" : setting.value); !taken)
    return Error{taken.error().code, setting.origin + ": " + setting.name + ": " + taken.error().text};
  return {};
}

}  // namespace

Result<std::vector<Setting>> Configuration::parse(std::string_view text, const std::string& path) {
  std::vector<Setting> settings;
  std::string section;
  for (int number = 1; !text.empty(); ++number) {
    const std::string_view line = trimmed(take_until(text, '\n'));
    const std::string origin = path + ":" + std::to_string(number);
    if (line.empty() || line.front() == '#') continue;
    if (line.front() == '[') {
      const std::string_view name = trimmed(line.substr(1, line.size() - 2));
      if (line.back() != ']' || !is_name(name))
        return wrong(origin, "'" + escaped(line, kShown) + "' is no section: write for example [record]");
      section = name;
      continue;
    }
    const std::size_t equals = line.find('=');
    const std::string_view name = trimmed(line.substr(0, equals));
    if (equals == std::string_view::npos || !is_name(name))
      return wrong(origin, "'" + escaped(line, kShown) + "' is no setting: write for example interval = 1s");
    if (section.empty())
      return wrong(origin, "'" + std::string(name) + "' stands before any section: write for example "
                           "[record] above it");
    settings.push_back({.section = section, .name = std::string(name),
                        .value = std::string(trimmed(line.substr(equals + 1))), .origin = origin});
  }
  return settings;
}

Result<void> Configuration::add_file(const std::string& path) {
  const FileDescriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!file && (errno == ENOENT || errno == ENOTDIR)) return {};
  // Of another user's home, as after su: not ours, and no reason to do nothing.
  if (!file && errno == EACCES) {
    unreadable_.push_back(path);
    return {};
  }
  if (!file) return last_system_error("open", path);
  TRY(check_owner(file.get(), path));
  const std::string text = TRY(read_descriptor(file.get(), path, kLargestFile));
  auto settings = TRY(parse(text, path));
  std::ranges::move(settings, std::back_inserter(settings_));
  files_.push_back(path);
  return {};
}

Result<void> Configuration::add_folder(const std::string& path) {
  TRY(add_file(path + "/tacho.conf"));
  const std::string parts = path + "/tacho.conf.d";
  const FileDescriptor folder(open(parts.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder) return {};
  auto names = TRY(list_folder(folder.get()));
  std::ranges::sort(names);
  for (const std::string& name : names)
    if (name.ends_with(".conf") && !name.starts_with('.')) TRY(add_file(parts + "/" + name));
  return {};
}

Result<Configuration> Configuration::read(const std::string& prefix) {
  Configuration configuration;
  TRY(configuration.add_file(prefix + "/usr/lib/tacho/tacho.conf"));
  TRY(configuration.add_folder(prefix + "/etc/tacho"));
  const std::string own = configuration_place();
  if (!own.empty()) TRY(configuration.add_folder(own));
  return configuration;
}

Result<void> Configuration::apply(std::string_view section, std::string_view variables,
                                  std::span<const Flag> flags) const {
  for (const Setting& setting : settings_) {
    if (setting.section != section) continue;
    const auto flag = std::ranges::find(flags, setting.name, &Flag::name);
    if (flag == flags.end() || flag->name == "help")
      return wrong(setting.origin, "there is no setting '" + setting.name + "' in [" +
                                       std::string(section) + "]; 'tacho config show' lists them");
    TRY(give(setting, *flag));
  }
  for (const Flag& flag : flags)
    if (const auto setting = in_environment(section, variables, flag.name)) TRY(give(*setting, flag));
  return {};
}

std::vector<Setting> Configuration::of(std::string_view section, std::string_view variables,
                                       std::string_view name) const {
  std::vector<Setting> found;
  std::ranges::copy_if(settings_, std::back_inserter(found), [&](const Setting& setting) {
    return setting.section == section && setting.name == name;
  });
  if (auto setting = in_environment(section, variables, name)) found.push_back(*setting);
  return found;
}

}  // namespace tacho
