// SPDX-License-Identifier: Apache-2.0
#include "collectors/named_columns.h"

#include <string>

#include "base/text.h"
#include "collectors/scaled.h"
#include "kernel/learned_names.h"

namespace tacho {
namespace {

// Of a name in a coverage note: the kernel's own are shorter, and nobody else writes these files.
constexpr std::size_t kLongestName = 64;

class NamedFileCollector final : public Collector {
 public:
  NamedFileCollector(const NamedFile& source, SharedKernelFile file)
      : source_(source), file_(std::move(file)), names_(source.names) {}

  Result<void> collect(Collection& into) override {
    const std::string_view text = TRY(file_.reread());
    const std::span<const Column> columns = source_.table.columns;
    Rows& rows = into.rows();
    rows.start_row();
    each_named_number(text, names_, [&](std::size_t column, std::int64_t value) {
      rows.set(column, scaled(value, columns[column].unit == Unit::bytes ? 1024 : 1));
    });
    rows.finish_row();
    return {};
  }

  void report_coverage(Coverage& coverage) const override {
    if (source_.holds != NamedFile::Holds::all) return;
    std::string list;
    for (const std::string& name : names_.unwanted())
      list.append(list.empty() ? "" : " ").append(escaped(name, kLongestName));
    if (list.empty()) return;
    coverage.add({.kind = CoverageNote::Kind::limited,
                  .table = std::string(source_.table.name),
                  .what = std::string("fields of /") + source_.path + ": " + list,
                  .why = "this version has no column for them",
                  .remedy = {}});
  }

 private:
  const NamedFile& source_;
  SharedKernelFile file_;
  LearnedNames names_;
};

}  // namespace

Result<std::unique_ptr<Collector>> follow_named_file(const NamedFile& file,
                                                     const CollectorEnvironment& environment) {
  SharedKernelFile opened = TRY(environment.root.share_file(file.path, file.records));
  return std::unique_ptr<Collector>(std::make_unique<NamedFileCollector>(file, std::move(opened)));
}

}  // namespace tacho
