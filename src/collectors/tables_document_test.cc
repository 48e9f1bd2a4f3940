// SPDX-License-Identifier: Apache-2.0
#include "collectors/tables_document.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <set>
#include <string>
#include <string_view>

#include "base/file.h"
#include "collectors/registry.h"

namespace tacho {
namespace {

const std::string kDocs = TACHO_FIXTURES "/../../docs/";

TEST(TablesDocument, IsCurrent) {
  if (std::getenv("TACHO_ACCEPT_GOLDEN") != nullptr)
    std::ofstream(kDocs + "TABLES.md") << tables_markdown();
  const auto text = read_file(kDocs + "TABLES.md");
  ASSERT_TRUE(text);
  EXPECT_TRUE(*text == tables_markdown())
      << "docs/TABLES.md is not what the code declares; TACHO_ACCEPT_GOLDEN=1 writes it anew";
}

// What everything that derives from a declaration relies on.
TEST(Tables, HaveNamesThatAreUniquePlainAndWithoutUnits) {
  std::set<std::string_view> tables;
  for (const Table* table : all_tables()) {
    EXPECT_TRUE(tables.insert(table->name).second) << table->name;
    EXPECT_FALSE(table->help.empty()) << table->name;
    std::set<std::string_view> columns;
    for (const Column& column : kStamp) columns.insert(column.name);
    for (const Column& column : table->columns) {
      EXPECT_TRUE(columns.insert(column.name).second) << table->name << "." << column.name;
      EXPECT_EQ(column.name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_"),
                std::string_view::npos)
          << column.name;
      EXPECT_TRUE(column.help.ends_with('.')) << table->name << "." << column.name;
      for (const char* unit : {"_ns", "_ms", "_seconds", "_bytes", "_kb", "_mb", "_percent", "_hz"})
        EXPECT_FALSE(column.name.ends_with(unit)) << table->name << "." << column.name;
    }
  }
}

TEST(Tables, HaveKindsUnitsAndTypesThatFit) {
  for (const Table* table : all_tables()) {
    for (const Column& column : table->columns) {
      const auto where = std::string(table->name) + "." + std::string(column.name);
      const bool words = column.type == Type::text;
      EXPECT_TRUE(!words || column.unit == Unit::none) << where;
      EXPECT_EQ(words, column.kind == Kind::text || (column.kind == Kind::key && words)) << where;
      EXPECT_TRUE(column.kind != Kind::counter || column.unit != Unit::none) << where;
      EXPECT_TRUE(column.type != Type::timestamp || column.unit == Unit::nanoseconds) << where;
    }
  }
}

}  // namespace
}  // namespace tacho
