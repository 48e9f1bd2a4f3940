// SPDX-License-Identifier: Apache-2.0
// Files of other programs as recordings: Parquet and CSV with a column of times, alone or in a
// folder. Each becomes one or more tables: columns that tacho knows go to its own tables (see
// kinds.def), the others to one that is named after the file. A row's tick counts the distinct
// times of its file (in a folder: the seconds since the first), its boottime is the time since the
// first.
//
// Everything that looks into a file's bytes runs in a process of its own that has given up its
// rights (foreign/confined.h). Whatever a file says of its size, that process has 2 GiB of memory.
#pragma once

#include <memory>
#include <string>

#include "base/error.h"
#include "store/source.h"

namespace tacho {

// True for a file that can be read, and for a folder without recording.json in which .csv or
// .parquet files lie.
bool is_foreign_path(const std::string& path);

// `data_timezone`: of times without a zone: an IANA name, "utc" or "local"; `invalid` for another;
// "": what the file says, else local. `corrupt` when a file is neither Parquet nor CSV, is damaged,
// or has no time column; the text says what was expected. Reads every file once, for types, figures
// and gaps.
Result<std::shared_ptr<const RecordingSource>> open_foreign_source(
    const std::string& path, const std::string& data_timezone);

}  // namespace tacho
