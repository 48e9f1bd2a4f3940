// SPDX-License-Identifier: Apache-2.0
// Where a view writes: standard output or a file, through a pager on a terminal. A reader that went
// away (a closed pipe) ends the view quietly; any other failure to write is an error.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>

#include "base/error.h"

namespace tacho {

enum class ColorMode : std::uint8_t { automatic, always, never };

class Output {
 public:
  // `path` "-" or "": standard output. A file is written beside its place and renamed by finish(),
  // so that nobody sees half of it.
  static Result<Output> open(const std::string& path, ColorMode color, bool with_pager);
  Output(Output&& other) noexcept;
  ~Output();

  // Buffered. False when the reader went away: stop, it is no error.
  bool write(std::string_view text);
  Result<void> flush();
  Result<void> finish();

  bool is_terminal() const { return is_terminal_; }
  bool has_color() const { return has_color_; }
  // Columns of the terminal; a wide default elsewhere.
  int width() const { return width_; }
  int descriptor() const { return descriptor_; }

  // SGR sequences, empty without colour.
  std::string_view bold() const { return has_color_ ? "\033[1m" : ""; }
  std::string_view dim() const { return has_color_ ? "\033[2m" : ""; }
  std::string_view warning() const { return has_color_ ? "\033[33m" : ""; }
  std::string_view bad() const { return has_color_ ? "\033[31m" : ""; }
  std::string_view good() const { return has_color_ ? "\033[32m" : ""; }
  std::string_view plain() const { return has_color_ ? "\033[0m" : ""; }

 private:
  Output() = default;
  void start_pager();

  int descriptor_ = -1;
  bool owns_descriptor_ = false;
  std::string path_, temporary_;
  std::string buffer_;
  pid_t pager_ = 0;
  bool is_terminal_ = false;
  bool has_color_ = false;
  bool reader_is_gone_ = false;
  int width_ = 120;
  std::string failure_;
};

// Whether a terminal (or not) should get colour, by --color, NO_COLOR, CLICOLOR_FORCE, FORCE_COLOR and
// TERM.
bool wants_color(ColorMode mode, bool is_terminal);

}  // namespace tacho
