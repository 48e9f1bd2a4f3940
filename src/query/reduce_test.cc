// SPDX-License-Identifier: Apache-2.0
// Rates and buckets, over rows given as text: "tick cpu counter gauge", '-' for null.
#include "query/reduce.h"

#include <gtest/gtest.h>

#include <cmath>
#include <sstream>

#include "query/entities.h"
#include "query/predicate.h"
#include "query/rate.h"
#include "store/columns.h"

namespace tacho {
namespace {

constexpr std::int64_t kStart = 1'763'990'000'000'000'000;  // a multiple of 10 s

std::shared_ptr<arrow::Field> field(const char* name, std::shared_ptr<arrow::DataType> type,
                                    const char* kind, const char* unit) {
  return arrow::field(name, std::move(type), true,
                      arrow::key_value_metadata({"kind", "unit"}, {kind, unit}));
}

class TextRows final : public RowStream {
 public:
  TextRows(const std::string& text, const char* unit) {
    schema_ = arrow::schema(
        {field("tick", arrow::uint64(), "key", ""),
         field("time", arrow::timestamp(arrow::TimeUnit::NANO, "UTC"), "key", "ns"),
         field("boottime", arrow::int64(), "key", "ns"), field("cpu", arrow::int64(), "key", ""),
         field("reads", arrow::int64(), "counter", unit),
         field("heat", arrow::int64(), "gauge", "Cel"), field("note", arrow::utf8(), "text", "")});
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) lines_.push_back(line);
  }
  const Schema& schema() const override { return schema_; }
  // One row a batch: whatever is kept must live over batches.
  Result<Batch> next() override {
    if (at_ == lines_.size()) return Batch();
    std::istringstream words(lines_[at_++]);
    std::string tick, cpu, reads, heat;
    words >> tick >> cpu >> reads >> heat;
    BatchBuilder builder(schema_);
    const std::int64_t passed = std::stoll(tick) * 1'000'000'000;
    builder.column(0).append_word(std::stoull(tick));
    builder.column(1).append_word(static_cast<std::uint64_t>(kStart + passed));
    builder.column(2).append_word(static_cast<std::uint64_t>(passed + 77));
    for (std::size_t column : {3, 4, 5}) {
      const std::string& word = column == 3 ? cpu : column == 4 ? reads : heat;
      if (word == "-")
        builder.column(column).append_null();
      else
        builder.column(column).append_word(static_cast<std::uint64_t>(std::stoll(word)));
    }
    builder.column(6).append_text("n" + heat);
    return builder.finish();
  }

 private:
  Schema schema_;
  std::vector<std::string> lines_;
  std::size_t at_ = 0;
};

Stream text_rows(const std::string& text, const char* unit = "1") {
  return std::make_unique<TextRows>(text, unit);
}

// The values of these columns, a row a line.
std::string table_of(Result<Stream> rows, const std::vector<std::string>& names) {
  if (!rows) return rows.error().text;
  std::ostringstream text;
  while (true) {
    const auto batch = (*rows)->next();
    if (!batch) return batch.error().text;
    if (!*batch) return text.str();
    if (!(*batch)->ValidateFull().ok()) return (*batch)->ValidateFull().ToString();
    for (std::int64_t row = 0; row < row_count(**batch); ++row) {
      for (const std::string& name : names) {
        const ColumnView column(**batch, name);
        if (column.is_null(row))
          text << "- ";
        else if (column.type() == Type::text)
          text << column.text(row) << ' ';
        else
          text << column.real(row) << ' ';
      }
      text << '\n';
    }
  }
}

TEST(Rate, IsPerSecondAndPerEntityFromRowToRow) {
  EXPECT_EQ(table_of(rates(text_rows("0 0 100 1\n0 1 7 1\n1 0 110 1\n1 1 9 1\n4 0 140 1")),
                     {"tick", "cpu", "reads_rate"}),
            "0 0 - \n0 1 - \n1 0 10 \n1 1 2 \n4 0 10 \n");
}

TEST(Rate, IsNullWhereACounterWentBackOrIsMissing) {
  EXPECT_EQ(table_of(rates(text_rows("0 0 100 1\n1 0 5 1\n2 0 8 1\n3 0 - 1\n4 0 9 1\n5 0 11 1")),
                     {"reads_rate"}),
            "- \n- \n3 \n- \n- \n2 \n");
}

TEST(Rate, IsNeverNegativeHoweverACounterWraps) {
  // At 2^32, at 2^64, and back from what does not fit at all.
  EXPECT_EQ(table_of(rates(text_rows("0 0 4294967295 1\n1 0 4 1\n2 0 9223372036854775807 1\n"
                                     "3 0 -9223372036854775808 1\n4 0 9223372036854775807 1")),
                     {"reads_rate"}),
            "- \n- \n9.22337e+18 \n- \n1.84467e+19 \n");
}

TEST(Rate, OfATimeIsAShare) {
  auto rows = rates(text_rows("0 0 0 1\n2 0 500000000 1", "ns"));
  ASSERT_TRUE(rows);
  const auto unit = (*rows)->schema()->GetFieldByName("reads_rate")->metadata()->Get("unit");
  EXPECT_EQ(unit.ValueOrDie(), "1");
  EXPECT_EQ(table_of(std::move(rows), {"reads_rate"}), "- \n0.25 \n");
  auto counts = rates(text_rows("", "By"));
  EXPECT_EQ((*counts)->schema()->GetFieldByName("reads_rate")->metadata()->Get("unit").ValueOrDie(),
            "By/s");
}

TEST(Rate, LeavesGaugesAndTextsAlone) {
  EXPECT_EQ(table_of(rates(text_rows("0 0 100 5\n1 0 110 -")), {"heat", "note"}), "5 n5 \n- n- \n");
}

TEST(Reduce, GivesMinMaxMeanLastAndRateForEachEntityAndBucket) {
  const std::string rows =
      "0 0 100 5\n0 1 0 50\n4 0 120 1\n9 0 145 3\n"
      "10 0 150 9\n10 1 40 60\n13 0 180 7\n";
  EXPECT_EQ(table_of(reduce(text_rows(rows), std::chrono::seconds(10)),
                     {"tick", "cpu", "rows", "heat_min", "heat_max", "heat_mean", "heat_last",
                      "reads_rate", "note_last"}),
            "0 0 3 1 5 3 3 5 n3 \n"
            "0 1 1 50 50 50 50 - n50 \n"
            "10 0 2 7 9 8 7 8.75 n7 \n"
            "10 1 1 60 60 60 60 4 n60 \n");
}

TEST(Reduce, LeavesOutNullsAndStepsBackOfCounters) {
  EXPECT_EQ(table_of(reduce(text_rows("0 0 100 -\n1 0 3 4\n2 0 - -\n3 0 9 -\n4 0 10 -\n10 0 - -"),
                            std::chrono::seconds(10)),
                     {"tick", "rows", "heat_min", "heat_last", "reads_rate"}),
            // From 3 to 9 lies a null, but the reader knows both ends: 7 in 3 s.
            "0 5 4 4 2.33333 \n10 1 - - - \n");
}

TEST(Reduce, BeginsBucketsAtMultiplesOfWallTime) {
  auto rows = reduce(text_rows("13 0 1 1\n25 0 2 1"), std::chrono::seconds(10));
  ASSERT_TRUE(rows);
  const auto first = (*rows)->next();
  ASSERT_TRUE(first && *first);
  const ColumnView time(**first, "time"), boottime(**first, "boottime");
  EXPECT_EQ(time.integer(0), kStart + 10'000'000'000);
  EXPECT_EQ(boottime.integer(0), 10'000'000'077);
  EXPECT_EQ(time.integer(1), kStart + 20'000'000'000);
}

TEST(Reduce, RefusesABucketOfNothing) {
  EXPECT_EQ(reduce(text_rows(""), Nanoseconds(0)).error().code, ErrorCode::invalid);
}

TEST(Rows, GivesTheLastOnesAndChosenColumns) {
  auto last = last_rows(text_rows("0 0 1 1\n1 0 2 1\n2 0 3 1"), 2);
  ASSERT_TRUE(last);
  EXPECT_EQ(table_of(select_columns(std::move(last).value(), {"reads", "tick"}),
                     {"reads", "tick", "heat"}),
            "2 1 - \n3 2 - \n");
  const auto unknown = select_columns(text_rows(""), {"colour"});
  EXPECT_EQ(unknown.error().text.find("there is no column colour; there are: tick, time"), 0U);
  EXPECT_EQ(table_of(last_rows(text_rows("0 0 1 1"), 0), {"reads"}), "");
  EXPECT_EQ(table_of(filter_rows(text_rows("0 0 1 1\n1 0 2 1"), "reads > 1", {}), {"tick"}),
            "1 \n");
}

}  // namespace
}  // namespace tacho
