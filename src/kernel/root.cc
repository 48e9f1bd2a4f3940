// SPDX-License-Identifier: Apache-2.0
#include "kernel/root.h"

#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

#include <cerrno>
#include <map>

namespace tacho {
namespace {

// Large enough for most kernel files at the first try, small enough for hundreds of them.
constexpr std::size_t kFirstBuffer = 1024;
// No kernel file that we read at every tick is larger; a runaway one must not take our memory.
constexpr std::size_t kLargestBuffer = std::size_t{16} << 20;

// What a seq_file collects before it hands it out: a page, which is nowhere smaller. It stops early
// only where the next record does not fit.
constexpr std::size_t kSequencePage = 4096;

// Whether a read that came back short, with `got` bytes, was the last one.
bool is_end(Records records, std::size_t got) {
  return records == Records::one_piece || got + static_cast<std::size_t>(records) <= kSequencePage;
}

std::string below(const std::string& path) {
  return path.starts_with('/') ? path.substr(1) : path;
}

}  // namespace

KernelFile::KernelFile(FileDescriptor descriptor, std::string path, Records records)
    : descriptor_(std::move(descriptor)), path_(std::move(path)), records_(records) {}

Result<std::string_view> KernelFile::reread() {
  if (buffer_.empty()) buffer_.resize(kFirstBuffer);
  std::size_t size = 0;
  while (true) {
    const ssize_t got = pread(descriptor_.get(), buffer_.data() + size, buffer_.size() - size,
                              static_cast<off_t>(size));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return last_system_error("read", path_);
    const std::size_t space = buffer_.size() - size;
    size += static_cast<std::size_t>(got);
    const bool is_short = static_cast<std::size_t>(got) < space;
    if (got == 0 || (is_short && is_end(records_, static_cast<std::size_t>(got))))
      return std::string_view(buffer_.data(), size);
    if (size == buffer_.size()) {
      if (size >= kLargestBuffer)
        return Error{ErrorCode::exhausted, path_ + " is larger than 16 MiB"};
      buffer_.resize(size * 2);
    }
  }
}

struct SharedKernelFile::State {
  std::shared_ptr<const SharedKernelFiles> all;
  KernelFile file;
  std::uint64_t turn = 0;
  Result<std::string_view> text = std::string_view();
};

struct SharedKernelFiles {
  std::uint64_t turn = 0;  // 0: nobody counts turns
  std::map<std::string, std::weak_ptr<SharedKernelFile::State>, std::less<>> files;
};

Result<std::string_view> SharedKernelFile::reread() {
  State& state = *state_;
  if (state.turn == 0 || state.turn != state.all->turn) {
    state.text = state.file.reread();
    state.turn = state.all->turn;
  }
  return state.text;
}

Result<Root> Root::open(const std::string& prefix) {
  Root root;
  root.folder_ = FileDescriptor(::open(prefix.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!root.folder_) return last_system_error("open the folder", prefix);
  root.prefix_ = prefix;
  root.shared_ = std::make_shared<SharedKernelFiles>();
  root.is_machine_ = prefix == "/";
  return root;
}

Result<KernelFile> Root::open_file(const std::string& path, Records records) const {
  FileDescriptor file(openat(folder_.get(), below(path).c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return last_system_error("open", "/" + below(path));
  return KernelFile(std::move(file), "/" + below(path), records);
}

Result<SharedKernelFile> Root::share_file(const std::string& path, Records records) const {
  auto& known = shared_->files[below(path)];
  SharedKernelFile shared;
  shared.state_ = known.lock();
  if (shared.state_) return shared;
  shared.state_ = std::make_shared<SharedKernelFile::State>();
  shared.state_->all = shared_;
  shared.state_->file = TRY(open_file(path, records));
  known = shared.state_;
  return shared;
}

void Root::begin_turn() const { ++shared_->turn; }

Result<std::string> Root::read(const std::string& path) const {
  return read_file_at(folder_.get(), below(path), kLargestBuffer);
}

Result<std::vector<std::string>> Root::list(const std::string& path) const {
  const FileDescriptor folder = TRY(open_folder(path));
  return list_folder(folder.get());
}

Result<std::string> Root::link_target(const std::string& path) const {
  char target[PATH_MAX];
  const ssize_t size = readlinkat(folder_.get(), below(path).c_str(), target, sizeof target);
  if (size < 0) return last_system_error("read the link", "/" + below(path));
  return std::string(target, static_cast<std::size_t>(size));
}

bool Root::exists(const std::string& path) const {
  return faccessat(folder_.get(), below(path).c_str(), F_OK, 0) == 0;
}

Result<FileDescriptor> Root::open_folder(const std::string& path) const {
  FileDescriptor folder(
      openat(folder_.get(), below(path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder) return last_system_error("open the folder", "/" + below(path));
  return folder;
}

}  // namespace tacho
