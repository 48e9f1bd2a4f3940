// SPDX-License-Identifier: Apache-2.0
// For the .cc files of store/ alone: a file or folder that appears under its name when all is in it.
#pragma once

#include <string>

#include "base/error.h"
#include "base/file.h"

namespace tacho {

// Made under a name of its own in the folder where it shall be; gone again unless it is published.
class NewPlace {
 public:
  enum class Kind : std::uint8_t { file, folder };
  // `invalid` when something is at `path`, unless it may be replaced (files alone). 0600 or 0700; under
  // sudo they belong to the user who called it.
  static Result<NewPlace> create(const std::string& path, Kind kind, bool replace);
  NewPlace(NewPlace&& other) noexcept;
  NewPlace& operator=(NewPlace&&) = delete;
  ~NewPlace();

  int descriptor() const { return descriptor_.get(); }
  // Syncs it, gives it its name, and syncs that. What is in a folder is its maker's to sync.
  Result<void> publish();

 private:
  NewPlace() = default;
  Error is_there() const;

  std::string path_, name_, temporary_;  // the last two in `parent_`; empty when there is none
  Kind kind_ = Kind::file;
  bool replace_ = false;
  FileDescriptor parent_, descriptor_;
};

// What is new belongs to the user who called sudo.
Result<void> give_to_calling_user(int descriptor, const std::string& name);

}  // namespace tacho
