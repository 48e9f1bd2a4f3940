// SPDX-License-Identifier: Apache-2.0
// The sources that the kernel has.
#include <utility>

#include "ledger/bpf_lives.h"
#include "ledger/bpf_loader.h"
#include "ledger/bpf_walk.h"
#include "ledger/connector.h"
#include "ledger/lives.h"
#include "ledger/taskstats.h"

namespace tacho {
namespace {

// Becomes a Thing of the objects that tacho-bpf loads.
template <class Thing>
class Loading final : public Pending<Thing> {
 public:
  using Make = std::function<Result<std::unique_ptr<Thing>>(BpfObjects)>;
  static Result<std::unique_ptr<Pending<Thing>>> start(const std::string& program, BpfPart part, Make make) {
    return std::unique_ptr<Pending<Thing>>(
        new Loading(TRY(BpfLoader::start(program, part)), std::move(make)));
  }
  int descriptor() const override { return loader_.descriptor(); }
  Result<std::unique_ptr<Thing>> poll() override {
    auto objects = TRY(loader_.poll());
    if (!objects) return std::unique_ptr<Thing>();
    return make_(std::move(*objects));
  }

 private:
  Loading(BpfLoader loader, Make make) : loader_(std::move(loader)), make_(std::move(make)) {}
  BpfLoader loader_;
  Make make_;
};

}  // namespace

LifeSources kernel_life_sources(const std::string& bpf_program, std::uint64_t key_ticks) {
  return {.connector = open_connector,
          .taskstats = open_taskstats,
          .bpf =
              [bpf_program] {
                return Loading<LifeSource>::start(bpf_program, BpfPart::lives, make_bpf_lives);
              },
          .walker =
              [bpf_program, key_ticks] {
                return Loading<ProcessWalker>::start(
                    bpf_program, BpfPart::walk,
                    [key_ticks](BpfObjects objects) { return make_bpf_walker(std::move(objects), key_ticks); });
              }};
}

}  // namespace tacho
