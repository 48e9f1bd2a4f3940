// SPDX-License-Identifier: Apache-2.0
#include "store/segment_reader.h"

#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <cerrno>

#include "base/text.h"
#include "store/part_format.h"

namespace tacho {

std::string row_digests_text(const std::vector<std::uint64_t>& digests) {
  std::string text;
  for (const std::uint64_t digest : digests) {
    char digits[17];
    std::snprintf(digits, sizeof digits, "%016llx", static_cast<unsigned long long>(digest));
    text += (text.empty() ? "" : ",") + std::string(digits);
  }
  return text;
}

std::vector<std::uint64_t> parse_row_digests(std::string_view text) {
  std::vector<std::uint64_t> digests;
  while (!text.empty()) {
    const auto digest = parse_integer<std::uint64_t>(take_until(text, ','), 16);
    if (!digest) return {};
    digests.push_back(*digest);
  }
  return digests;
}

Result<Schema> find_schema(const TableFolder& table, const std::string& except) {
  const auto unheard = std::make_shared<FindingLog>();
  for (const Segment& segment : table.segments) {
    if (segment.name == except) continue;
    auto reader = segment.kind == Segment::Kind::part ? open_part(table, segment, unheard)
                                                      : open_live(table, segment, unheard, nullptr);
    if (reader && (*reader)->is_intact()) return (*reader)->schema();
  }
  return Error{ErrorCode::corrupt, "no file of table " + table.name + " has a whole schema"};
}

namespace {

Result<std::unique_ptr<SegmentReader>> open_as_listed(const TableFolder& table,
                                                      const Segment& segment,
                                                      std::shared_ptr<FindingLog> log) {
  if (segment.kind == Segment::Kind::part) return open_part(table, segment, std::move(log));
  return open_live(table, segment, std::move(log),
                   [&] { return find_schema(table, segment.name); });
}

}  // namespace

Result<std::unique_ptr<SegmentReader>> open_segment(const TableFolder& table,
                                                    const Segment& segment,
                                                    std::shared_ptr<FindingLog> log) {
  auto reader = open_as_listed(table, segment, log);
  if (reader || reader.error().system_error != ENOENT || !table.folder) return reader;
  std::vector<Finding> said_already;
  const TableFolder now = TRY(list_table(table.folder->get(), ".", said_already));
  for (const Segment& sealed : now.segments)
    if (sealed.number == segment.number && sealed.kind == Segment::Kind::part)
      return open_as_listed(table, sealed, std::move(log));
  return Error{ErrorCode::absent, segment.name + " was removed while the recording was being read"};
}

Result<void> take_off_filled(const TableFolder& table, const Segment& segment,
                             const ChunkWanted& wanted, std::set<std::string>& columns) {
  if (segment.kind == Segment::Kind::part)
    return take_off_filled_of_part(table, segment, wanted, columns);
  const auto reader = TRY(open_segment(table, segment, std::make_shared<FindingLog>()));
  reader->select({columns.begin(), columns.end()});
  while (!columns.empty()) {
    const Batch chunk = TRY(reader->next(wanted));
    if (!chunk) break;
    std::erase_if(columns, [&](const std::string& name) {
      const auto column = chunk->GetColumnByName(name);
      return column != nullptr && column->null_count() < column->length();
    });
  }
  return {};
}

}  // namespace tacho
