// SPDX-License-Identifier: Apache-2.0
// Makes the checksums of a journal right: who plants one can, too.
#pragma once

#include <cstring>
#include <string>

#include "fuzz.h"
#include "journal/format.h"
#include "journal/message.h"

namespace tacho::fuzz {

inline void sign_journal(std::span<std::byte> bytes) {
  std::size_t at = 0;
  while (at + kPrefixSize <= bytes.size()) {
    std::uint32_t size = 0;
    std::memcpy(&size, bytes.data() + at + 4, sizeof size);
    at += kPrefixSize;
    if (size == 0 || size % 8 != 0 || size > bytes.size() - at) return;
    const auto metadata = bytes.subspan(at, size);
    at += size;
    const auto view = parse_message(metadata);
    if (!view || !view->checksum_at) return;
    const auto body_size = static_cast<std::uint64_t>(view->body_length);
    if (body_size > bytes.size() - at) return;
    put_hexadecimal(metadata.subspan(*view->checksum_at, 8),
                    message_checksum(metadata, *view->checksum_at, bytes.subspan(at, body_size)));
    at += body_size;
  }
}

inline std::string signed_journal(std::string_view input) {
  Aligned copy(input);
  sign_journal(copy.bytes());
  return {reinterpret_cast<const char*>(copy.bytes().data()), input.size()};
}

}  // namespace tacho::fuzz
