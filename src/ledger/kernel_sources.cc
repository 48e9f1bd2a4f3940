// SPDX-License-Identifier: Apache-2.0
// The sources that the kernel has.
#include "ledger/bpf_lives.h"
#include "ledger/bpf_loader.h"
#include "ledger/connector.h"
#include "ledger/lives.h"
#include "ledger/taskstats.h"

namespace tacho {
namespace {

class LoadingBpf final : public PendingSource {
 public:
  explicit LoadingBpf(BpfLoader loader) : loader_(std::move(loader)) {}
  int descriptor() const override { return loader_.descriptor(); }
  Result<std::unique_ptr<LifeSource>> poll() override {
    auto objects = TRY(loader_.poll());
    if (!objects) return std::unique_ptr<LifeSource>();
    return make_bpf_lives(std::move(*objects));
  }

 private:
  BpfLoader loader_;
};

}  // namespace

LifeSources kernel_life_sources(const std::string& bpf_program) {
  return {.connector = open_connector,
          .taskstats = open_taskstats,
          .bpf = [bpf_program]() -> Result<std::unique_ptr<PendingSource>> {
            return std::unique_ptr<PendingSource>(std::make_unique<LoadingBpf>(TRY(BpfLoader::start(bpf_program, BpfPart::lives))));
          }};
}

}  // namespace tacho
