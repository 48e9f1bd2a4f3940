// SPDX-License-Identifier: Apache-2.0
// A live file, message by message: whole batches are found wherever they lie.
#include <fcntl.h>

#include "fuzz.h"
#include "journal/journal_reader.h"
#include "signing.h"

namespace tacho {
namespace {

void read_all(int folder, std::string_view bytes) {
  fuzz::write_file(fuzz::memory_folder() + "/live-000001.arrows", bytes);
  auto reader = JournalReader::open(folder, "live-000001.arrows");
  if (!reader) return;
  std::uint64_t end = 0;
  while (const auto batch = reader->next()) {
    fuzz::expect(batch->offset >= end, "batches lie over one another");
    end = batch->offset + kPrefixSize + batch->metadata.size() + batch->body.size();
    fuzz::expect(end <= bytes.size(), "a batch lies beyond the file");
    fuzz::expect(static_cast<bool>(parse_message(batch->metadata)), "a batch is no message");
  }
  for (const JournalDamage& damage : reader->damage())
    fuzz::expect(damage.offset <= bytes.size() && damage.bytes <= bytes.size(),
                 "damage beyond the file");
}

}  // namespace

FUZZ_TARGET(journal) {
  static const FileDescriptor folder(
      open(fuzz::memory_folder().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  read_all(folder.get(), input);
  read_all(folder.get(), fuzz::signed_journal(input));
}

}  // namespace tacho
