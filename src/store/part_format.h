// SPDX-License-Identifier: Apache-2.0
// What sealing adds to a part's metadata. In files that exist: never change.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tacho {

// In the key-value metadata of a part: digest_of_rows (store/columns.h) of each row group, 16
// hexadecimal digits each, with commas between them. By it a row group is known to be whole in a
// damaged file.
inline constexpr std::string_view kKeyRowDigests = "tacho.row_digests";

std::string row_digests_text(const std::vector<std::uint64_t>& digests);
std::vector<std::uint64_t> parse_row_digests(std::string_view text);  // empty when it is none

}  // namespace tacho
