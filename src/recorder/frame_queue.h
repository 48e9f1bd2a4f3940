// SPDX-License-Identifier: Apache-2.0
// From the tick thread to the writer: encoded batches in frames, one frame a tick. Bounded by bytes;
// what does not fit is refused, and the caller counts it. Frames are used again, so that in the steady
// state nothing is allocated.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "journal/encoder.h"

namespace tacho {

struct Frame {
  struct Entry {
    std::size_t table = 0;  // index of the writer's table
    std::size_t offset = 0, size = 0;  // the message in `bytes`
    std::int64_t rows = 0;
  };
  Bytes bytes;
  std::vector<Entry> entries;
  bool begins_file = false;   // new journal files before this frame
  std::string facts;          // recording.json, when it is to be replaced
  std::size_t done = 0;       // entries the writer has committed

  void clear();
  std::int64_t rows_left() const;
};

using FramePointer = std::unique_ptr<Frame>;

class FrameQueue {
 public:
  explicit FrameQueue(std::size_t capacity_bytes) : capacity_(capacity_bytes) {}

  // An empty frame to fill. Any thread.
  FramePointer take_empty();
  // False, and the frame stays the caller's, when the queue is full.
  bool push(FramePointer& frame);
  // No more frames will come.
  void close();

  // The oldest frame, waiting at most `wait_milliseconds` for one. Null at the time limit and when the
  // queue is closed and empty.
  FramePointer pop(int wait_milliseconds);
  // Puts a frame that could not be written back to the front.
  void put_back(FramePointer frame);
  // A frame that was written.
  void give_back(FramePointer frame);
  // A frame that was taken empty and never pushed.
  void drop(FramePointer frame);
  // Closed, and every frame that was pushed has been given back.
  bool is_finished() const;

 private:
  // Two frames alternate in the steady state; a third one serves a collector with its own thread.
  static constexpr std::size_t kKeptEmpty = 3;
  void keep_empty(FramePointer frame);

  const std::size_t capacity_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<FramePointer> waiting_;
  std::vector<FramePointer> empty_;
  std::size_t bytes_ = 0;
  std::size_t being_written_ = 0;  // popped, and neither put nor given back
  bool closed_ = false;
};

}  // namespace tacho
