// SPDX-License-Identifier: Apache-2.0
#include "views/output.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "base/display.h"
#include "base/text.h"

extern char** environ;

namespace tacho {
namespace {

// Written in one go when it is reached; small enough for the first lines to come at once.
constexpr std::size_t kBuffer = 64 * 1024;

std::string variable(const char* name) {
  const char* value = getenv(name);
  return value == nullptr ? "" : value;
}

bool is_in_path(const std::string& program) {
  const std::string path = variable("PATH");
  std::string_view folders = path;
  while (!folders.empty()) {
    const std::string folder(take_until(folders, ':'));
    if (!folder.empty() && access((folder + "/" + program).c_str(), X_OK) == 0) return true;
  }
  return false;
}

}  // namespace

bool wants_color(ColorMode mode, bool is_terminal) {
  if (mode != ColorMode::automatic) return mode == ColorMode::always;
  if (!variable("NO_COLOR").empty()) return false;
  const auto forced = [](const std::string& value) { return !value.empty() && value != "0"; };
  if (forced(variable("CLICOLOR_FORCE")) || forced(variable("FORCE_COLOR"))) return true;
  return is_terminal && variable("TERM") != "dumb";
}

Result<Output> Output::open(const std::string& path, ColorMode color, bool with_pager) {
  Output output;
  signal(SIGPIPE, SIG_IGN);  // a closed pipe is an answer of write, not our death
  if (path.empty() || path == "-") {
    output.descriptor_ = STDOUT_FILENO;
    output.is_terminal_ = isatty(STDOUT_FILENO) != 0;
    if (const int width = terminal_width(STDOUT_FILENO); width > 0) output.width_ = width;
  } else {
    output.path_ = path;
    output.temporary_ = path + ".tacho-" + std::to_string(getpid());
    output.descriptor_ = ::open(output.temporary_.c_str(),
                                O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (output.descriptor_ < 0) return last_system_error("create", path);
    output.owns_descriptor_ = true;
  }
  output.has_color_ = wants_color(color, output.is_terminal_);
  if (with_pager && output.is_terminal_) output.start_pager();
  return output;
}

Output::Output(Output&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      owns_descriptor_(std::exchange(other.owns_descriptor_, false)),
      path_(std::move(other.path_)),
      temporary_(std::exchange(other.temporary_, "")),
      buffer_(std::exchange(other.buffer_, "")),
      pager_(std::exchange(other.pager_, 0)),
      is_terminal_(other.is_terminal_),
      has_color_(other.has_color_),
      reader_is_gone_(other.reader_is_gone_),
      width_(other.width_),
      failure_(std::move(other.failure_)) {}

Output::~Output() {
  if (descriptor_ >= 0 && !buffer_.empty()) (void)flush();
  if (owns_descriptor_) close(descriptor_);
  if (!temporary_.empty()) unlink(temporary_.c_str());
  if (pager_ > 0) waitpid(pager_, nullptr, 0);
}

// $PAGER, else less where there is one: -F ends at once when all fits, -R passes colour, -S does not
// break wide tables (arrow keys move sideways), -X leaves the text on the screen.
void Output::start_pager() {
  std::string pager = variable("TACHO_PAGER");
  if (pager.empty()) pager = variable("PAGER");
  if (pager.empty() && is_in_path("less")) pager = "less";
  if (pager.empty() || pager == "cat") return;
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return;
  if (variable("LESS").empty()) setenv("LESS", "FRSX", 1);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[0], STDIN_FILENO);
  // $PAGER is a command line by convention (git, man), so the shell reads it.
  const char* words[] = {"sh", "-c", pager.c_str(), nullptr};
  const int error = posix_spawn(&pager_, "/bin/sh", &actions, nullptr,
                                const_cast<char* const*>(words), environ);
  posix_spawn_file_actions_destroy(&actions);
  close(ends[0]);
  if (error != 0) {
    pager_ = 0;
    close(ends[1]);
    return;
  }
  descriptor_ = ends[1];
  owns_descriptor_ = true;
}

bool Output::write(std::string_view text) {
  buffer_.append(text);
  if (buffer_.size() >= kBuffer) (void)flush();
  return !reader_is_gone_ && failure_.empty();
}

Result<void> Output::flush() {
  std::string_view rest = buffer_;
  while (!rest.empty() && !reader_is_gone_ && failure_.empty()) {
    const ssize_t written = ::write(descriptor_, rest.data(), rest.size());
    if (written >= 0) {
      rest.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno == EPIPE) {
      reader_is_gone_ = true;
    } else if (errno != EINTR) {
      failure_ = last_system_error("write", path_.empty() ? "the output" : path_).text;
    }
  }
  buffer_.clear();
  if (!failure_.empty()) return Error{ErrorCode::io, failure_};
  return {};
}

Result<void> Output::finish() {
  TRY(flush());
  if (!temporary_.empty()) {
    if (fsync(descriptor_) != 0) return last_system_error("sync", temporary_);
    if (rename(temporary_.c_str(), path_.c_str()) != 0) return last_system_error("rename to", path_);
    temporary_.clear();
  }
  if (owns_descriptor_) {
    close(std::exchange(descriptor_, -1));
    owns_descriptor_ = false;
  }
  if (pager_ > 0) waitpid(std::exchange(pager_, 0), nullptr, 0);
  return {};
}

}  // namespace tacho
