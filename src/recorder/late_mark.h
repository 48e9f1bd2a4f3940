// SPDX-License-Identifier: Apache-2.0
// A mark on a recording that has ended: a small file of its own in the `event` table, written under
// the recording's lock.
#pragma once

#include <string>

#include "base/error.h"
#include "journal/facts.h"
#include "recorder/mark_server.h"

namespace tacho {

// `exhausted` when the recording is still being written, `invalid` when the mark lies outside of it.
Result<void> add_late_mark(const std::string& path, const RecordingFacts& facts, const Mark& mark);

}  // namespace tacho
