// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"

#include <cerrno>
#include <system_error>

namespace tacho {
namespace {

ErrorCode code_of(int error_number) {
  switch (error_number) {
    case ENOENT:
    case ENODEV:
    case ENXIO:
    case ENOTDIR:
    case ESRCH:
      return ErrorCode::absent;
    case EACCES:
    case EPERM:
    case EROFS:
      return ErrorCode::denied;
    case ENOSPC:
    case EDQUOT:
    case ENOMEM:
    case EMFILE:
    case ENFILE:
    case EAGAIN:
      return ErrorCode::exhausted;
    case EINVAL:
    case ENAMETOOLONG:
    case ELOOP:
      return ErrorCode::invalid;
    default:
      return ErrorCode::io;
  }
}

}  // namespace

std::string_view name_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::absent: return "absent";
    case ErrorCode::denied: return "denied";
    case ErrorCode::corrupt: return "corrupt";
    case ErrorCode::io: return "io";
    case ErrorCode::invalid: return "invalid";
    case ErrorCode::exhausted: return "exhausted";
    case ErrorCode::bug: return "bug";
  }
  return "bug";
}

Error system_error(std::string_view action, std::string_view path, int error_number) {
  std::string text = "cannot ";
  text.append(action);
  if (!path.empty()) text.append(" ").append(path);
  text.append(": ").append(std::generic_category().message(error_number));
  return {code_of(error_number), std::move(text), error_number};
}

Error last_system_error(std::string_view action, std::string_view path) {
  return system_error(action, path, errno);
}

}  // namespace tacho
