// SPDX-License-Identifier: Apache-2.0
// A machine's files in memory, from one text: a line "=== PATH" begins a file, a line "=== PATH -> TARGET"
// is a link. What is named a second time is what stands there at the second turn.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tacho::fuzz {

class FakeMachine {
 public:
  // Nothing is made outside of `folder`, whatever the text says.
  FakeMachine(std::string folder, std::string_view text);
  FakeMachine(const FakeMachine&) = delete;
  ~FakeMachine();
  // Writes what was named a second time.
  void change();

 private:
  struct File {
    std::string path;  // below the folder
    std::string_view content;
  };
  std::string folder_;
  std::vector<File> later_;
};

}  // namespace tacho::fuzz
