// SPDX-License-Identifier: Apache-2.0
#include "recorder/mark_server.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "base/places.h"
#include "recorder/place.h"

namespace tacho {
namespace {

constexpr std::size_t kTextLimit = 4096;
constexpr std::size_t kMessageLimit = 16384;
// A peer that connects and says nothing must not hold up a tick.
constexpr timeval kPatience = {.tv_sec = 0, .tv_usec = 20'000};
constexpr timeval kClientPatience = {.tv_sec = 5, .tv_usec = 0};
// At most so many marks are taken before the next tick is looked after.
constexpr int kAtOnce = 16;

Result<sockaddr_un> address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path)
    return Error{ErrorCode::invalid, "the path of the socket is too long: " + path};
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  return address;
}

std::string path_of(const std::string& recording_id) {
  return socket_place() + "/" + recording_id.substr(0, 16) + ".sock";
}

bool may_mark(int connection) {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return false;
  const Owner* owner = calling_user();
  return peer.uid == 0 || peer.uid == geteuid() || (owner != nullptr && peer.uid == owner->user);
}

}  // namespace

std::string to_json(const Mark& mark) {
  nlohmann::json json{{"mark", escaped(mark.text, kTextLimit)}};
  if (mark.time) json["time"] = *mark.time;
  if (mark.until) json["until"] = *mark.until;
  return json.dump();
}

Result<Mark> parse_mark(std::string_view text) {
  const auto json = nlohmann::json::parse(text, nullptr, false);
  if (!json.is_object() || !json.contains("mark") || !json["mark"].is_string())
    return Error{ErrorCode::invalid, "a mark is {\"mark\": text}"};
  Mark mark{.text = json["mark"].get<std::string>().substr(0, kTextLimit)};
  const auto number = [&](const char* name) -> std::optional<std::int64_t> {
    if (!json.contains(name) || !json[name].is_number_integer()) return std::nullopt;
    return json[name].get<std::int64_t>();
  };
  mark.time = number("time");
  mark.until = number("until");
  // Differences of times from 1970 on cannot overflow.
  if (mark.time.value_or(0) < 0 || mark.until.value_or(0) < 0)
    return Error{ErrorCode::invalid, "a mark's times are nanoseconds from 1970 on"};
  return mark;
}

Result<MarkServer> MarkServer::create(const std::string& recording_id) {
  const FileDescriptor folder = TRY(open_or_make_path(socket_place()));
  TRY(refuse_of_another(folder, socket_place()));
  MarkServer server;
  server.path_ = path_of(recording_id);
  const sockaddr_un address = TRY(address_of(server.path_));
  server.socket_ =
      FileDescriptor(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!server.socket_) return last_system_error("make", "a socket");
  // The mode of the inode counts; fchmod before bind sets it without a moment in between.
  fchmod(server.socket_.get(), 0600);
  if (bind(server.socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      listen(server.socket_.get(), kAtOnce) != 0) {
    const Error error = last_system_error("listen on", server.path_);
    server.path_.clear();
    return error;
  }
  return server;
}

MarkServer::~MarkServer() {
  if (!path_.empty()) unlink(path_.c_str());
}

void MarkServer::serve(EventQueue& events, Clock& clock) {
  for (int count = 0; count < kAtOnce; ++count) {
    const FileDescriptor peer(accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!peer) return;
    if (!may_mark(peer.get())) continue;
    setsockopt(peer.get(), SOL_SOCKET, SO_RCVTIMEO, &kPatience, sizeof kPatience);
    char buffer[kMessageLimit];
    const ssize_t size = recv(peer.get(), buffer, sizeof buffer, 0);
    if (size <= 0) continue;
    const auto mark = parse_mark({buffer, static_cast<std::size_t>(size)});
    std::string answer = "ok";
    if (mark) {
      const Instant now = clock.now();
      Event event{.name = "mark", .body = escaped(unescaped(mark->text), kTextLimit)};
      event.time = mark->time ? Nanoseconds(*mark->time) : now.time;
      event.boottime = now.boottime - (now.time - event.time);
      if (mark->until) event.end_time = Nanoseconds(*mark->until);
      events.push(std::move(event));
    } else {
      answer = mark.error().text;
    }
    send(peer.get(), answer.data(), answer.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  }
}

Result<void> send_mark(const std::string& recording_id, const Mark& mark) {
  const std::string path = path_of(recording_id);
  const sockaddr_un address = TRY(address_of(path));
  const FileDescriptor socket_descriptor(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
  if (!socket_descriptor) return last_system_error("make", "a socket");
  if (connect(socket_descriptor.get(), reinterpret_cast<const sockaddr*>(&address),
              sizeof address) != 0)
    return system_error("reach the recorder at", path, errno == ECONNREFUSED ? ENOENT : errno);
  setsockopt(socket_descriptor.get(), SOL_SOCKET, SO_RCVTIMEO, &kClientPatience, sizeof kClientPatience);
  const std::string message = to_json(mark);
  char answer[1024];
  if (send(socket_descriptor.get(), message.data(), message.size(), MSG_NOSIGNAL) < 0)
    return last_system_error("send the mark to", path);
  const ssize_t size = recv(socket_descriptor.get(), answer, sizeof answer, 0);
  if (size <= 0) return Error{ErrorCode::denied, "the recorder did not take the mark"};
  const std::string_view text(answer, static_cast<std::size_t>(size));
  if (text != "ok") return Error{ErrorCode::invalid, std::string(text)};
  return {};
}

}  // namespace tacho
