// SPDX-License-Identifier: Apache-2.0
// A recording as one file: a zip of stored entries, recording.json first, then the sealed parts under
// their names, then digests.json. docs/RECORDING.md, "One file". Read in place by RecordingFolder.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "store/finding.h"

namespace tacho {

inline constexpr std::string_view kPackedSuffix = ".zip";
inline constexpr std::string_view kDigestsName = "digests.json";
// recording.json holds facts and notes, no rows: a real one has a few kB.
inline constexpr std::size_t kLargestFacts = std::size_t{16} << 20;
// Some 100 bytes for each file.
inline constexpr std::size_t kLargestDigests = std::size_t{64} << 20;

// xxh3 of each file that was packed, by its name in the zip; digests.json itself aside.
using Digests = std::map<std::string, std::uint64_t>;
std::string to_json(const Digests& digests);
// `corrupt` for what to_json has not made.
Result<Digests> parse_digests(std::string_view json);

// Told bytes done and bytes in all.
using CopyProgress = std::function<void(std::uint64_t, std::uint64_t)>;

struct PackOptions {
  bool replace = false;  // what is at `output`
  CopyProgress progress;
};

struct PackReport {
  std::uint64_t files = 0, size = 0;  // in the packed file; its own bytes
  // Files of a recording that is still being made, which its recorder writes: they are not in it.
  std::uint64_t left = 0;
  std::vector<Finding> findings;  // damage: left out, or packed as it is
};

// Seals what is live and writes all parts to a new file `output`, which appears when it is whole and
// on disk. The same recording gives the same bytes. Of a recording that is still being made, what is
// sealed. Errors: `invalid` when it is packed already or `output` is there (without `replace`);
// `absent` when nothing is sealed yet; others when live files cannot be sealed or `output` not written.
Result<PackReport> pack(const std::string& recording, const std::string& output,
                        const PackOptions& options = {});

struct UnpackReport {
  std::uint64_t files = 0, size = 0;
  std::vector<Finding> findings;  // damage: written as it is
};

// Makes the folder `folder`, which must not be there, of a packed recording. It appears when all is
// in it and on disk; after an error nothing is left. Errors as RecordingFolder::open; `invalid` when
// `packed` is a folder or `folder` is there.
Result<UnpackReport> unpack(const std::string& packed, const std::string& folder,
                            const CopyProgress& progress = {});

}  // namespace tacho
