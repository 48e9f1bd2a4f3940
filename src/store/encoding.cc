// SPDX-License-Identifier: Apache-2.0
#include "store/encoding.h"

#include <arrow/io/memory.h>
#include <arrow/table.h>
#include <arrow/util/compression.h>
#include <parquet/arrow/writer.h>
#include <parquet/properties.h>

#include <limits>

namespace tacho {
namespace {

// ZSTD_c_checksumFlag of zstd.h: every zstd decoder then notices damage by itself.
constexpr int kZstdChecksumFlag = 201;

std::vector<ColumnEncoding> candidates(const arrow::DataType& type) {
  switch (type.id()) {
    case arrow::Type::STRING:
      return {ColumnEncoding::dictionary};
    case arrow::Type::DOUBLE:
      return {ColumnEncoding::byte_stream_split, ColumnEncoding::dictionary};
    default:
      return {ColumnEncoding::byte_stream_split, ColumnEncoding::delta, ColumnEncoding::dictionary};
  }
}

Result<std::int64_t> size_with(const std::shared_ptr<arrow::Schema>& schema,
                               const std::shared_ptr<arrow::Array>& values, ColumnEncoding encoding,
                               int level) {
  auto sink =
      TRY(checked(arrow::io::BufferOutputStream::Create(1 << 16, reading_pool()), "encode"));
  auto writer =
      TRY(checked(parquet::arrow::FileWriter::Open(*schema, reading_pool(), sink,
                                                   part_properties(*schema, {encoding}, level)),
                  "encode"));
  const auto table = arrow::Table::Make(schema, {values});
  TRY(checked(writer->WriteTable(*table, values->length()), "encode"));
  TRY(checked(writer->Close(), "encode"));
  return checked(sink->Tell(), "encode");
}

}  // namespace

std::shared_ptr<parquet::WriterProperties> part_properties(
    const arrow::Schema& schema, const std::vector<ColumnEncoding>& encodings, int level) {
  auto codec = std::make_shared<arrow::util::ZstdCodecOptions>();
  codec->compression_level = level;
  codec->compression_context_params = {{kZstdChecksumFlag, 1}};
  parquet::WriterProperties::Builder builder;
  builder.memory_pool(reading_pool())
      ->created_by("tacho")
      ->compression(parquet::Compression::ZSTD)
      ->codec_options(codec)
      ->enable_page_checksum()
      ->enable_statistics()
      ->max_row_group_length(std::numeric_limits<std::int64_t>::max());
  for (int index = 0; index < schema.num_fields(); ++index) {
    const std::string& name = schema.field(index)->name();
    const ColumnEncoding encoding = encodings[static_cast<std::size_t>(index)];
    if (encoding == ColumnEncoding::dictionary) {
      builder.enable_dictionary(name);
      continue;
    }
    builder.disable_dictionary(name)->encoding(name, encoding == ColumnEncoding::delta
                                                         ? parquet::Encoding::DELTA_BINARY_PACKED
                                                         : parquet::Encoding::BYTE_STREAM_SPLIT);
  }
  return builder.build();
}

Result<std::vector<ColumnEncoding>> choose_encodings(const arrow::RecordBatch& sample, int level) {
  std::vector<ColumnEncoding> chosen;
  for (int index = 0; index < sample.num_columns(); ++index) {
    const auto possible = candidates(*sample.column(index)->type());
    ColumnEncoding best = possible.front();
    std::int64_t smallest = std::numeric_limits<std::int64_t>::max();
    const auto schema = arrow::schema({sample.schema()->field(index)->RemoveMetadata()});
    for (const ColumnEncoding encoding : possible) {
      if (possible.size() == 1 || sample.num_rows() == 0) break;
      const std::int64_t size = TRY(size_with(schema, sample.column(index), encoding, level));
      if (size >= smallest) continue;
      smallest = size;
      best = encoding;
    }
    chosen.push_back(best);
  }
  return chosen;
}

}  // namespace tacho
