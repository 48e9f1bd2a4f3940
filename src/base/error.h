// SPDX-License-Identifier: Apache-2.0
// Errors as values. A function that can fail returns Result<T>; constructors cannot fail.
// An Error's text says what happened, where (file, line, value) and, where we know it, what to do.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace tacho {

enum class ErrorCode : std::uint8_t {
  absent,     // not on this machine: said once, not a failure
  denied,     // our rights do not allow it
  corrupt,    // damaged or foreign data
  io,         // the system refused a read or write
  invalid,    // the caller's argument is wrong
  exhausted,  // no space, memory, descriptors or processes left
  bug         // our own mistake
};

std::string_view name_of(ErrorCode code);

struct Error {
  ErrorCode code = ErrorCode::bug;
  std::string text;
  int system_error = 0;  // errno, 0 where none stands behind it
};

// An Error from errno: "cannot ACTION PATH: No space left on device".
Error system_error(std::string_view action, std::string_view path, int error_number);
// The same from the current errno.
Error last_system_error(std::string_view action, std::string_view path);

template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::move(value)) {}                        // NOLINT: implicit on purpose
  Result(Error error) : state_(std::unexpected(std::move(error))) {}   // NOLINT
  template <class U>
    requires(std::is_convertible_v<U, T> && !std::is_same_v<std::remove_cvref_t<U>, T> &&
             !std::is_same_v<std::remove_cvref_t<U>, Error> &&
             !std::is_same_v<std::remove_cvref_t<U>, Result>)
  Result(U&& value) : state_(T(std::forward<U>(value))) {}  // NOLINT

  explicit operator bool() const { return state_.has_value(); }
  T& value() & { return *state_; }
  const T& value() const& { return *state_; }
  T&& value() && { return std::move(*state_); }
  T& operator*() { return *state_; }
  const T& operator*() const { return *state_; }
  T* operator->() { return &*state_; }
  const T* operator->() const { return &*state_; }
  const Error& error() const& { return state_.error(); }
  Error&& error() && { return std::move(state_.error()); }

 private:
  std::expected<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : state_(std::unexpected(std::move(error))) {}  // NOLINT
  explicit operator bool() const { return state_.has_value(); }
  void value() const {}
  const Error& error() const& { return state_.error(); }
  Error&& error() && { return std::move(state_.error()); }

 private:
  std::expected<void, Error> state_;
};

}  // namespace tacho

// The value of a Result, or return its Error from the enclosing function. Stands alone on its
// line: inside a braced initialiser g++ 12 leaks the siblings.
#define TRY(expression)                                                   \
  __extension__({                                                         \
    auto tacho_result_ = (expression);                                    \
    if (!tacho_result_) return ::tacho::Error(std::move(tacho_result_).error()); \
    std::move(tacho_result_).value();                                     \
  })
