// SPDX-License-Identifier: Apache-2.0
#include "ledger/bpf_objects.h"

#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "base/text.h"

namespace tacho {
namespace {

constexpr std::string_view kObject = "object ";
constexpr std::string_view kEnd = "end";
constexpr std::string_view kError = "error ";

union Control {
  cmsghdr header;
  char bytes[CMSG_SPACE(sizeof(int))];
};

Result<void> send_packet(int socket, std::string text, int descriptor) {
  if (text.size() > kLongestBpfPacket) text.resize(kLongestBpfPacket);
  iovec part{text.data(), text.size()};
  msghdr message{.msg_iov = &part, .msg_iovlen = 1};
  Control control{};
  if (descriptor >= 0) {
    message.msg_control = control.bytes;
    message.msg_controllen = sizeof control.bytes;
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    std::memcpy(CMSG_DATA(header), &descriptor, sizeof descriptor);
  }
  ssize_t sent = 0;
  do {
    sent = sendmsg(socket, &message, MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  if (sent < 0) return last_system_error("write to", "the recorder");
  return {};
}

struct Packet {
  std::string text;
  FileDescriptor descriptor;
  bool is_end = false;  // the other side is gone
};

FileDescriptor descriptor_in(msghdr& message) {
  FileDescriptor found;
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr;
       header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    int descriptor = -1;
    std::memcpy(&descriptor, CMSG_DATA(header), sizeof descriptor);
    found = FileDescriptor(descriptor);
  }
  return found;
}

// Nothing is there yet: EAGAIN as system_error.
Result<Packet> receive_packet(int socket) {
  char text[kLongestBpfPacket];
  iovec part{text, sizeof text};
  Control control{};
  msghdr message{.msg_iov = &part, .msg_iovlen = 1, .msg_control = control.bytes,
                 .msg_controllen = sizeof control.bytes};
  ssize_t size = 0;
  do {
    size = recvmsg(socket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  } while (size < 0 && errno == EINTR);
  if (size < 0) return last_system_error("read from", "tacho-bpf");
  Packet packet{std::string(text, static_cast<std::size_t>(size)), descriptor_in(message), size == 0};
  if ((message.msg_flags & MSG_CTRUNC) != 0)
    return Error{ErrorCode::exhausted, "no descriptor is left for what tacho-bpf hands over", EMFILE};
  return packet;
}

ErrorCode code_of(int system_error) {
  switch (system_error) {
    case EPERM:
    case EACCES:
      return ErrorCode::denied;
    case ENOENT:
    case ENOSYS:
    case ESRCH:
    case EOPNOTSUPP:
    case EINVAL:
      return ErrorCode::absent;
    case ENOMEM:
    case EMFILE:
    case ENFILE:
    case EAGAIN:
      return ErrorCode::exhausted;
    default:
      return ErrorCode::io;
  }
}

Error error_in(std::string_view text) {
  const std::size_t space = text.find(' ');
  const auto number = parse_integer<int>(text.substr(0, space));
  if (!number || space == std::string_view::npos)
    return {ErrorCode::corrupt, "tacho-bpf said something else: " + escaped(text, 80)};
  return {code_of(*number), escaped(text.substr(space + 1), kLongestBpfPacket), *number};
}

}  // namespace

Result<int> BpfObjects::find(std::string_view name) const {
  for (const Object& object : objects_)
    if (object.name == name) return object.descriptor.get();
  return Error{ErrorCode::corrupt, "tacho-bpf did not hand over '" + std::string(name) + "'"};
}

void BpfObjects::add(std::string name, FileDescriptor descriptor) {
  objects_.push_back({std::move(name), std::move(descriptor)});
}

Result<void> send_bpf_object(int socket, std::string_view name, int descriptor) {
  return send_packet(socket, std::string(kObject) + std::string(name), descriptor);
}

Result<void> send_bpf_end(int socket) { return send_packet(socket, std::string(kEnd), -1); }

Result<void> send_bpf_error(int socket, int system_error, std::string_view text) {
  return send_packet(socket, std::string(kError) + std::to_string(system_error) + " " + std::string(text), -1);
}

Result<bool> receive_bpf_objects(int socket, BpfObjects& objects) {
  for (;;) {
    auto packet = receive_packet(socket);
    if (!packet && packet.error().system_error == EAGAIN) return false;
    if (!packet) return std::move(packet).error();
    const std::string_view text = packet->text;
    if (text == kEnd) return true;
    if (packet->is_end) return Error{ErrorCode::io, "tacho-bpf ended before it was done"};
    if (text.starts_with(kError)) return error_in(text.substr(kError.size()));
    if (!text.starts_with(kObject) || !packet->descriptor || objects.size() == kMostBpfObjects)
      return Error{ErrorCode::corrupt, "tacho-bpf said something else: " + escaped(text, 80)};
    objects.add(std::string(text.substr(kObject.size())), std::move(packet->descriptor));
  }
}

}  // namespace tacho
