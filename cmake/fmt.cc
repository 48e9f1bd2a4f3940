// SPDX-License-Identifier: Apache-2.0
// What of fmt is not a template, compiled once instead of in each of our files: header-only it is
// a tenth of the time of a build and half of the time of a test under the sanitizers. Distributions
// ship it compiled as a shared library only, which would bring the shared C++ library with it.
#include <fmt/format-inl.h>

FMT_BEGIN_NAMESPACE
namespace detail {
template auto thousands_sep_impl<char>(locale_ref) -> thousands_sep_result<char>;
template auto decimal_point_impl<char>(locale_ref) -> char;
}  // namespace detail
FMT_END_NAMESPACE
