// SPDX-License-Identifier: Apache-2.0
// Open files and inodes of the whole machine: what runs out before "too many open files in system".
// Reads  /proc/sys/fs/file-nr   418     0       2466193   (open, free, limit)
//        /proc/sys/fs/inode-nr  49635   0                 (in memory, free of those)
// Units  counts of now. Linux 2.6.
#include "collectors/collector.h"
#include "kernel/fields.h"

namespace tacho::collector_files {
namespace {

constexpr Column kColumns[] = {
    gauge("open", Unit::count, "Open files that the kernel has handed out (not descriptors: those "
                               "that dup and fork share count once)."),
    gauge("limit", Unit::count, "The most that may be open (fs.file-max)."),
    gauge("inodes", Unit::count, "Inodes that the kernel holds in memory."),
    gauge("inodes_free", Unit::count, "Of them, not in use.")};
enum : std::size_t { open, limit, inodes, inodes_free };

constexpr Table kFiles{.name = "files",
                       .help = "Open files and inodes of the whole machine.",
                       .columns = kColumns};

class Files final : public Collector {
 public:
  static Result<std::unique_ptr<Collector>> create(const CollectorEnvironment& environment) {
    auto self = std::make_unique<Files>();
    self->files_ = TRY(environment.root.open_file("proc/sys/fs/file-nr", Records::one_piece));
    self->inodes_ = TRY(environment.root.open_file("proc/sys/fs/inode-nr", Records::one_piece));
    return std::unique_ptr<Collector>(std::move(self));
  }

  Result<void> collect(Collection& into) override {
    Rows& rows = into.rows();
    const std::string_view file_text = TRY(files_.reread());
    const std::string_view inode_text = TRY(inodes_.reread());
    Fields file_fields(file_text);
    Fields inode_fields(inode_text);
    rows.start_row();
    rows.set(open, file_fields.number());
    file_fields.skip(1);  // allocated and unused: always 0 since Linux 2.6
    rows.set(limit, file_fields.number());
    rows.set(inodes, inode_fields.number());
    rows.set(inodes_free, inode_fields.number());
    rows.finish_row();
    return {};
  }

 private:
  KernelFile files_, inodes_;
};

constexpr const Table* kTables[] = {&kFiles};

}  // namespace

extern const CollectorInfo info;
constinit const CollectorInfo info{.tables = kTables, .create = Files::create};

}  // namespace tacho::collector_files
